// RoBERTa's vocab.json and merges.txt without a tokenizer.json: builds the tokenizer.json that transformers'
// RobertaTokenizer stands for, a byte-level BPE.
import { join } from "node:path";
import { invalidModel } from "../base/errors.js";
import { robertaMergesFile, robertaVocabularyFile } from "../model/file-names.js";
import { type JsonObject, readJsonObjectIfPresent, readTextIfPresent } from "../model/json-file.js";
import { readAddedTokens, readSwitch } from "./added-tokens.js";

const maxBytes = 100e6;

const names = {
  required: { cls_token: "<s>", sep_token: "</s>" },
  optional: {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
    mask_token: "<mask>",
  },
};

/**
 * The content of a tokenizer.json for the vocab.json and merges.txt in `directory`, or `null` when one of them is not
 * there.
 *
 * @param config tokenizer_config.json as parsed; its absent options have the defaults of transformers' RobertaTokenizer
 * @throws TagformerError `INVALID_MODEL` when a file is not what it should be, a special token is not in the vocabulary
 * or an option is not supported
 */
export async function readRobertaVocabulary(
  directory: string,
  config: JsonObject,
): Promise<JsonObject | null> {
  const vocab = await readJsonObjectIfPresent(join(directory, robertaVocabularyFile), maxBytes);
  const merges = await readTextIfPresent(join(directory, robertaMergesFile), maxBytes);
  if (vocab === null || merges === null) return null;
  const vocabulary = { directory, file: robertaVocabularyFile, ids: vocabularyIds(vocab, directory) };
  const { special, all } = await readAddedTokens(vocabulary, config, names);
  const addPrefixSpace = readSwitch(config, "add_prefix_space", directory) ?? false;
  const trimOffsets = readSwitch(config, "trim_offsets", directory) ?? true;
  const [cls, sep] = [special.cls_token!, special.sep_token!];
  return {
    version: "1.0",
    added_tokens: all,
    normalizer: null,
    pre_tokenizer: {
      type: "ByteLevel",
      add_prefix_space: addPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: "RobertaProcessing",
      sep: [sep.content, sep.id],
      cls: [cls.content, cls.id],
      trim_offsets: trimOffsets,
      add_prefix_space: addPrefixSpace,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: parseMerges(merges, directory),
    },
  };
}

function vocabularyIds(vocab: JsonObject, directory: string): Map<string, number> {
  return new Map(
    Object.entries(vocab).map(([token, id]) => {
      if (typeof id === "number" && Number.isInteger(id) && id >= 0) return [token, id];
      const found = `${JSON.stringify(token)} has the id ${JSON.stringify(id)}`;
      const file = join(directory, robertaVocabularyFile);
      throw invalidModel(`${file}: ${found}; expected a whole number from 0`);
    }),
  );
}

/** Two tokens a line, in the order in which they are merged; lines that begin with `#version` say nothing else. */
function parseMerges(text: string, directory: string): string[][] {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  const merges: string[][] = [];
  for (const [i, line] of lines.entries()) {
    if (line.startsWith("#version")) continue;
    const pair = line.split(" ");
    if (pair.length !== 2) {
      const where = `${join(directory, robertaMergesFile)}, line ${i + 1}`;
      throw invalidModel(
        `${where} is ${JSON.stringify(line.slice(0, 100))}; expected two tokens with one space between them`,
      );
    }
    merges.push(pair);
  }
  return merges;
}
