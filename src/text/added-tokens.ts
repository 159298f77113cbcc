// Special and added tokens of a directory without tokenizer.json: who says what, in the order in which transformers 5
// listens (tokenization_utils_base.py).
import { join } from "node:path";
import { invalidModel, type TagformerError } from "../base/errors.js";
import { saveTokenizerJson, tokenizerConfigFile } from "../model/file-names.js";
import { isJsonObject, type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";

const maxBytes = 100e6;
const specialTokensFile = "special_tokens_map.json";
const addedTokensFile = "added_tokens.json";

/** A token that is found in a text before the tokenizer's model sees it, as tokenizer.json writes it. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** What an architecture's tokenizer class knows by itself. */
export interface SpecialTokenNames {
  /** Tokens that are put around texts or that stand for unknown ones, by their key in tokenizer_config.json. */
  readonly required: Readonly<Record<string, string>>;
  /** Those that a vocabulary may lack: single texts never get them. */
  readonly optional: Readonly<Record<string, string>>;
}

/** A vocabulary, and where it was read. */
export interface Vocabulary {
  readonly directory: string;
  /** Name of the file in `directory`. */
  readonly file: string;
  readonly ids: ReadonlyMap<string, number>;
}

export interface AddedTokens {
  /** Special tokens by their key, such as `cls_token`; all required ones are there. */
  readonly special: Readonly<Record<string, AddedToken>>;
  /** All tokens by rising id. */
  readonly all: readonly AddedToken[];
}

/**
 * The special tokens, and all others that are found in texts.
 *
 * @param config tokenizer_config.json as parsed
 * @throws TagformerError `INVALID_MODEL` when a required or an added token is not in the vocabulary
 */
export async function readAddedTokens(
  vocabulary: Vocabulary,
  config: JsonObject,
  names: SpecialTokenNames,
): Promise<AddedTokens> {
  const { directory, ids } = vocabulary;
  const decoder = isJsonObject(config.added_tokens_decoder)
    ? Object.values(config.added_tokens_decoder)
    : null;
  // The older file counts only where tokenizer_config.json does not list the added tokens.
  const older =
    decoder === null ? await readJsonObjectIfPresent(join(directory, specialTokensFile), maxBytes) : null;
  const said = { ...config, ...older };
  const added = await readJsonObjectIfPresent(join(directory, addedTokensFile), maxBytes);
  const listed = [
    Object.keys(added ?? {}),
    said.additional_special_tokens,
    said.extra_special_tokens,
    decoder,
  ].flatMap((list) => Object.values(list ?? {}));
  const tokens = new Map<string, AddedToken>();
  for (const value of listed) {
    const content = contentOf(value);
    if (content === null) continue;
    const id = ids.get(content);
    if (id === undefined) throw notInVocabulary(vocabulary, content);
    tokens.set(content, tokenOf(value, content, id));
  }
  const special: Record<string, AddedToken> = {};
  for (const [key, standard] of Object.entries({ ...names.required, ...names.optional })) {
    const content = contentOf(said[key]) ?? standard;
    const id = ids.get(content);
    if (id !== undefined) {
      special[key] = { ...(tokens.get(content) ?? tokenOf(said[key], content, id)), special: true };
      tokens.set(content, special[key]);
    } else if (key in names.required) throw missing(vocabulary, content, key);
  }
  return { special, all: [...tokens.values()].sort((a, b) => a.id - b.id) };
}

/** An option of tokenizer_config.json that is true, false, or absent: then `null`. */
export function readSwitch(config: JsonObject, key: string, directory: string): boolean | null {
  const value = config[key] ?? null;
  if (value === null || typeof value === "boolean") return value;
  const file = join(directory, tokenizerConfigFile);
  throw invalidModel(`${file}: ${key} is ${JSON.stringify(value)}; expected true or false`);
}

/** A token is written as its text, or as an object with flags around it. */
function contentOf(value: unknown): string | null {
  const content = isJsonObject(value) ? value.content : value;
  return typeof content === "string" ? content : null;
}

function tokenOf(value: unknown, content: string, id: number): AddedToken {
  const flags = isJsonObject(value) ? value : {};
  return {
    id,
    content,
    single_word: flags.single_word === true,
    lstrip: flags.lstrip === true,
    rstrip: flags.rstrip === true,
    normalized: flags.normalized === true,
    special: flags.special !== false,
  };
}

function missing({ directory, file }: Vocabulary, content: string, key: string): TagformerError {
  const problem = `${join(directory, file)} has no token ${JSON.stringify(content)}, the ${key}`;
  return invalidModel(problem);
}

/** Tokens beyond the vocabulary have ids that differ between versions of transformers: only a tokenizer.json is clear. */
function notInVocabulary({ directory, file }: Vocabulary, content: string): TagformerError {
  return invalidModel(
    `${directory} adds the token ${JSON.stringify(content)}, which is not in ${file}; ` +
      `this needs a tokenizer.json, ${saveTokenizerJson}`,
  );
}
