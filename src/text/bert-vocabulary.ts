// BERT's vocab.txt without a tokenizer.json: builds the tokenizer.json that transformers' BertTokenizer stands for.
import { join } from "node:path";
import { bertVocabularyFile } from "../model/file-names.js";
import { type JsonObject, readTextIfPresent } from "../model/json-file.js";
import { type AddedToken, readAddedTokens, readSwitch } from "./added-tokens.js";

const maxVocabularyBytes = 100e6;

const names = {
  required: { unk_token: "[UNK]", cls_token: "[CLS]", sep_token: "[SEP]" },
  optional: { pad_token: "[PAD]", mask_token: "[MASK]" },
};

/**
 * The content of a tokenizer.json for the vocab.txt in `directory`, or `null` when there is none.
 *
 * @param config tokenizer_config.json as parsed; its absent options have the defaults of transformers' BertTokenizer
 * @throws TagformerError `INVALID_MODEL` when a special token is not in the vocabulary or an option is not supported
 */
export async function readBertVocabulary(directory: string, config: JsonObject): Promise<JsonObject | null> {
  const text = await readTextIfPresent(join(directory, bertVocabularyFile), maxVocabularyBytes);
  if (text === null) return null;
  const ids = parseVocabulary(text);
  const { special, all } = await readAddedTokens({ directory, file: bertVocabularyFile, ids }, config, names);
  return {
    version: "1.0",
    added_tokens: all,
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: readSwitch(config, "tokenize_chinese_chars", directory) ?? true,
      strip_accents: readSwitch(config, "strip_accents", directory), // null: when lower-casing
      lowercase: readSwitch(config, "do_lower_case", directory) ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: bertFrame(special.cls_token!, special.sep_token!),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: special.unk_token!.content,
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}

/** One token a line, without the blanks at its end; of equal tokens the last counts, as in the Rust library. */
function parseVocabulary(text: string): Map<string, number> {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return new Map(lines.map((line, id) => [line.replace(/\p{White_Space}+$/u, ""), id]));
}

/** `[CLS] A [SEP]` for a single text, `[CLS] A [SEP] B [SEP]` for a pair. */
function bertFrame(first: AddedToken, last: AddedToken) {
  const special = (token: AddedToken, type: number) => ({
    SpecialToken: { id: token.content, type_id: type },
  });
  const text = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const ids = ({ id, content }: AddedToken) => ({ id: content, ids: [id], tokens: [content] });
  const single = [special(first, 0), text("A", 0), special(last, 0)];
  return {
    type: "TemplateProcessing",
    single,
    pair: [...single, text("B", 1), special(last, 1)],
    special_tokens: { [first.content]: ids(first), [last.content]: ids(last) },
  };
}
