// BERT's vocab.txt without a tokenizer.json: builds the tokenizer.json that transformers' BertTokenizer stands for.
import { join } from "node:path";
import { TagformerError } from "../errors.js";
import { bertVocabularyFile, tokenizerConfigFile } from "../model/file-names.js";
import {
  isJsonObject,
  type JsonObject,
  readJsonObjectIfPresent,
  readTextIfPresent,
} from "../model/json-file.js";

const maxVocabularyBytes = 100e6;

/** The tokens that BERT needs, and those that a vocabulary may lack: single texts never get them. */
const requiredTokens = { unk_token: "[UNK]", cls_token: "[CLS]", sep_token: "[SEP]" };
const otherTokens = { pad_token: "[PAD]", mask_token: "[MASK]" };

/**
 * The content of a tokenizer.json for the vocab.txt in `directory`, or `null` when there is none.
 *
 * @param config tokenizer_config.json as parsed; its absent options have the defaults of transformers' BertTokenizer
 * @throws TagformerError `INVALID_MODEL` when a special token is not in the vocabulary or an option is not supported
 */
export async function readBertVocabulary(directory: string, config: JsonObject): Promise<JsonObject | null> {
  const file = join(directory, bertVocabularyFile);
  const text = await readTextIfPresent(file, maxVocabularyBytes);
  if (text === null) return null;
  const vocabulary = parseVocabulary(text);
  await refuseAddedTokens(directory, config, vocabulary);
  const special = readSpecialTokens(config, vocabulary, directory);
  return {
    version: "1.0",
    added_tokens: Object.values(special)
      .map((token) => addedToken(token, vocabulary.get(token)!))
      .sort((a, b) => a.id - b.id),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: readSwitch(config, "tokenize_chinese_chars", directory) ?? true,
      strip_accents: readSwitch(config, "strip_accents", directory), // null: when lower-casing
      lowercase: readSwitch(config, "do_lower_case", directory) ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: bertFrame(special.cls_token!, special.sep_token!, vocabulary),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: special.unk_token,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/** One token a line, without the blanks at its end; of equal tokens the last counts, as in the Rust library. */
function parseVocabulary(text: string): Map<string, number> {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return new Map(lines.map((line, id) => [line.replace(/\p{White_Space}+$/u, ""), id]));
}

function readSpecialTokens(
  config: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
  directory: string,
): Record<string, string> {
  const tokens: Record<string, string> = {};
  for (const [key, standard] of Object.entries({ ...requiredTokens, ...otherTokens })) {
    const token = tokenText(config[key]) ?? standard;
    if (vocabulary.has(token)) tokens[key] = token;
    else if (key in requiredTokens) {
      const file = join(directory, bertVocabularyFile);
      throw new TagformerError("INVALID_MODEL", `${file} has no line ${JSON.stringify(token)}, the ${key}`);
    }
  }
  return tokens;
}

/** A special token is written as its text, or as an object with flags around it. */
function tokenText(value: unknown): string | null {
  const text = isJsonObject(value) ? value.content : value;
  return typeof text === "string" ? text : null;
}

function readSwitch(config: JsonObject, key: string, directory: string): boolean | null {
  const value = config[key] ?? null;
  if (value === null || typeof value === "boolean") return value;
  const file = join(directory, tokenizerConfigFile);
  throw new TagformerError(
    "INVALID_MODEL",
    `${file}: ${key} is ${JSON.stringify(value)}; expected true or false`,
  );
}

/** Tokens beyond vocab.txt have flags and ids that differ between versions of transformers: only a tokenizer.json is clear. */
async function refuseAddedTokens(
  directory: string,
  config: JsonObject,
  vocabulary: ReadonlyMap<string, number>,
): Promise<void> {
  const file = "added_tokens.json";
  const added = Object.keys((await readJsonObjectIfPresent(join(directory, file), maxVocabularyBytes)) ?? {});
  const lists = [config.added_tokens_decoder, config.additional_special_tokens, config.extra_special_tokens];
  const listed = lists.flatMap((list) => Object.values(list ?? {})).map(tokenText);
  const unknown = [...added, ...listed].find((token) => token !== null && !vocabulary.has(token));
  if (unknown === undefined) return;
  throw new TagformerError(
    "INVALID_MODEL",
    `${directory} adds the token ${JSON.stringify(unknown)}, which is not in ${bertVocabularyFile}; ` +
      "this needs a tokenizer.json, in Python: AutoTokenizer.from_pretrained(directory).save_pretrained(directory)",
  );
}

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** `[CLS] A [SEP]` for a single text, `[CLS] A [SEP] B [SEP]` for a pair. */
function bertFrame(first: string, last: string, vocabulary: ReadonlyMap<string, number>) {
  const special = (token: string, type: number) => ({ SpecialToken: { id: token, type_id: type } });
  const text = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const ids = (token: string) => ({ id: token, ids: [vocabulary.get(token)], tokens: [token] });
  const single = [special(first, 0), text("A", 0), special(last, 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special(last, 1)],
    special_tokens: { [first]: ids(first), [last]: ids(last) },
  };
}
