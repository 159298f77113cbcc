// What a directory says about its tokenizer, in whichever files it does.
import { constants, copyFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TagformerError } from "../errors.js";
import {
  bertVocabularyFile,
  robertaMergesFile,
  robertaVocabularyFile,
  saveTokenizerJson,
  sentencePieceFiles,
  tokenizerConfigFile,
  tokenizerFile,
  tokenizerFiles,
} from "../model/file-names.js";
import { isMissing, type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";
import { readBertVocabulary } from "./bert-vocabulary.js";
import { type PaddingDescription, readPadding } from "./padding.js";
import { readRobertaVocabulary } from "./roberta-vocabulary.js";
import { checkTokenizerJson } from "./tokenizer-json.js";

const maxTokenizerBytes = 200e6;
const maxConfigBytes = 10e6;
/** transformers writes 1e30 for "unknown"; beyond this, no limit is meant. */
const longestModel = 1_000_000;

interface OlderFiles {
  /** Their names, for the message that they are missing. */
  readonly names: string;
  /** Builds the content of a tokenizer.json from them; `null` when they are not there. */
  read(directory: string, config: JsonObject): Promise<JsonObject | null>;
}

const bertFiles: OlderFiles = { names: bertVocabularyFile, read: readBertVocabulary };
const robertaFiles: OlderFiles = {
  names: `${robertaVocabularyFile} with ${robertaMergesFile}`,
  read: readRobertaVocabulary,
};

/** How a directory without tokenizer.json is read, by `model_type`. */
const olderFiles: ReadonlyMap<string, OlderFiles> = new Map([
  ["bert", bertFiles],
  ["distilbert", bertFiles],
  ["electra", bertFiles],
  ["roberta", robertaFiles],
]);

/** A tokenizer as the Rust library reads it, and what else its directory says. */
export interface TokenizerDocument {
  readonly description: TokenizerDescription;
  /** A tokenizer.json without truncation and padding, as parsed. */
  readonly document: JsonObject;
  /** The same as text. */
  readonly json: string;
}

/** The tokenizer of a directory as {@link copyTokenizerFiles} needs it. */
export interface TokenizerDescription {
  readonly directory: string;
  /** A tokenizer.json, which was built because the directory has none; `null` when it has one. */
  readonly generated: string | null;
  /** Longest row in tokens; `null` when tokenizer_config.json does not say. */
  readonly maxLength: number | null;
  /** The side of a text that is cut when it is too long. */
  readonly truncationSide: "left" | "right";
  readonly padding: PaddingDescription;
}

/**
 * Reads the tokenizer of a directory: tokenizer.json, or the older files of the model type.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file
 */
export async function readTokenizerFiles(directory: string, modelType: string): Promise<TokenizerDocument> {
  const config = (await readJsonObjectIfPresent(join(directory, tokenizerConfigFile), maxConfigBytes)) ?? {};
  const file = join(directory, tokenizerFile);
  const stored = await readJsonObjectIfPresent(file, maxTokenizerBytes);
  if (stored !== null) checkTokenizerJson(stored, file);
  const older = olderFiles.get(modelType);
  const found = stored ?? (await older?.read(directory, config)) ?? null;
  if (found === null) throw await noTokenizer(directory, older);
  const document = { ...found, truncation: null, padding: null };
  const json = JSON.stringify(document);
  const description: TokenizerDescription = {
    directory,
    generated: stored === null ? json : null,
    maxLength: readMaxLength(config.model_max_length),
    truncationSide: config.truncation_side === "left" ? "left" : "right",
    padding: readPadding(config, found),
  };
  return { description, document, json };
}

/**
 * Copies a tokenizer's files, so that tagformer and transformers read the same tokenizer from `target`; where the
 * source has no tokenizer.json, one is added.
 *
 * @throws the errors of `node:fs`
 */
export async function copyTokenizerFiles(tokenizer: TokenizerDescription, target: string): Promise<void> {
  for (const name of tokenizerFiles) {
    await copyIfPresent(join(tokenizer.directory, name), join(target, name));
  }
  if (tokenizer.generated !== null) await writeFile(join(target, tokenizerFile), tokenizer.generated);
}

/** Says what is missing, and how the one file that every architecture may have is made. */
async function noTokenizer(directory: string, older: OlderFiles | undefined): Promise<TagformerError> {
  const present = new Set(await readdir(directory).catch(() => []));
  const model = sentencePieceFiles.find((name) => present.has(name));
  const others = older === undefined ? "" : ` and no ${older.names}`;
  const found = model && `; its ${model} is a SentencePiece model, which is not read by itself`;
  // Without these, transformers takes the file for one of tiktoken and asks for that package instead (5.18, tried).
  const packages = model ? " (with the packages sentencepiece and protobuf)" : "";
  const problem = `${directory} has no ${tokenizerFile}${others}${found ?? ""}`;
  return new TagformerError(
    "INVALID_MODEL",
    `${problem}; to write a ${tokenizerFile}, ${saveTokenizerJson}${packages}`,
  );
}

function readMaxLength(value: unknown): number | null {
  const sensible =
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= longestModel;
  return sensible ? value : null;
}

async function copyIfPresent(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
