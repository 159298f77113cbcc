// What a directory says about its tokenizer, in whichever files it does.
import { constants, copyFile, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { invalidModel, isMissing, type TagformerError } from "../base/errors.js";
import {
  bertVocabularyFile,
  configFile,
  robertaMergesFile,
  robertaVocabularyFile,
  saveTokenizerJson,
  sentencePieceFiles,
  tokenizerConfigFile,
  tokenizerFile,
  tokenizerFiles,
} from "../model/file-names.js";
import { type JsonObject, readJsonObjectIfPresent } from "../model/json-file.js";
import { readBertVocabulary } from "./bert-vocabulary.js";
import { readInputNames, withoutTypes } from "./input-names.js";
import { type PaddingDescription, readPadding } from "./padding.js";
import { readRobertaVocabulary } from "./roberta-vocabulary.js";
import {
  checkReadAs,
  checkReadsTokenizerJson,
  readsOtherwise,
  type TokenizerStatements,
  tokenizerClass,
} from "./tokenizer-class.js";
import { checkTokenizerJson } from "./tokenizer-json.js";

const maxTokenizerBytes = 200e6;
const maxConfigBytes = 10e6;
/** transformers writes 1e30 for "unknown"; beyond this, no limit is meant. */
const longestModel = 1_000_000;

interface OlderFiles {
  /** The classes of transformers that read them as they are read here. */
  readonly classes: readonly string[];
  /** Their names, for the message that they are missing. */
  readonly names: string;
  /** Builds the content of a tokenizer.json from them; `null` when they are not there. */
  read(directory: string, config: JsonObject): Promise<JsonObject | null>;
}

const bertFiles: OlderFiles = {
  classes: ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"],
  names: bertVocabularyFile,
  read: readBertVocabulary,
};
const robertaFiles: OlderFiles = {
  classes: ["RobertaTokenizer"],
  names: `${robertaVocabularyFile} with ${robertaMergesFile}`,
  read: readRobertaVocabulary,
};

/**
 * How a directory without tokenizer.json is read, by the class of its tokenizer; by `model_type` where no file names a class
 * that is known here. Models take tokenizers of other types: Chinese ALBERT and DeBERTa have BERT's.
 */
const olderFilesOfClass = new Map(
  [bertFiles, robertaFiles].flatMap((files) => files.classes.map((name) => [name, files] as const)),
);
const olderFilesOfType: ReadonlyMap<string, OlderFiles> = new Map([
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
  /** What tells each of its files, by name, from another one of that name later. tokenizer_config.json is in `config`. */
  readonly files: Readonly<Record<string, string>>;
  /** A tokenizer.json, which was built because the directory has none; `null` when it has one. */
  readonly generated: string | null;
  /** Longest row in tokens; `null` when tokenizer_config.json does not say. */
  readonly maxLength: number | null;
  /** The side of a text that is cut when it is too long. */
  readonly truncationSide: "left" | "right";
  readonly padding: PaddingDescription;
  /** Which of the tokenizer's outputs the model is given, as `model_input_names` of transformers. */
  readonly inputNames: readonly string[];
  /** tokenizer_config.json as parsed; empty where there is none. */
  readonly config: JsonObject;
}

/** Which tokenizer to read, and how. */
export interface TokenizerPlace {
  readonly directory: string;
  /** `model_type` of the model's config.json. */
  readonly modelType: string;
  /** Whether the model is given token types: as the directory says, or never. */
  readonly tokenTypes?: "tokenizer" | "none" | undefined;
}

/**
 * Reads the tokenizer of a directory: tokenizer.json, or the older files of the model type.
 *
 * @throws TagformerError `INVALID_MODEL` or `IO`, naming the file
 */
export async function readTokenizerFiles({
  directory,
  modelType,
  tokenTypes,
}: TokenizerPlace): Promise<TokenizerDocument> {
  const copied = tokenizerFiles.filter((name) => name !== tokenizerConfigFile);
  const files = await describeFiles(directory, copied);
  const config = (await readJsonObjectIfPresent(join(directory, tokenizerConfigFile), maxConfigBytes)) ?? {};
  const modelConfig = (await readJsonObjectIfPresent(join(directory, configFile), maxConfigBytes)) ?? {};
  const statements = { directory, tokenizerConfig: config, modelConfig, modelType };
  const inputNames = readInputNames(statements);
  const file = join(directory, tokenizerFile);
  const stored = await readJsonObjectIfPresent(file, maxTokenizerBytes);
  if (stored !== null) {
    checkReadsTokenizerJson(statements);
    checkTokenizerJson(stored, file);
  }
  const older = olderFilesOfClass.get(tokenizerClass(statements) ?? "") ?? olderFilesOfType.get(modelType);
  const found = stored ?? (await older?.read(directory, config)) ?? null;
  if (found === null) throw await noTokenizer(statements, older);
  if (stored === null && older) checkReadAs(statements, older.names, older.classes);
  const document = { ...found, truncation: null, padding: null };
  const json = JSON.stringify(document);
  const description: TokenizerDescription = {
    directory,
    files,
    generated: stored === null ? json : null,
    maxLength: readMaxLength(config.model_max_length),
    truncationSide: config.truncation_side === "left" ? "left" : "right",
    padding: readPadding(config, found),
    inputNames: tokenTypes === "none" ? withoutTypes(inputNames) : inputNames,
    config,
  };
  return { description, document, json };
}

/**
 * Copies a tokenizer's files, so that tagformer and every version of transformers read the same tokenizer from `target`
 * and give the model the same inputs: tokenizer_config.json says `model_input_names`, for which versions have different
 * defaults. Where the source has no tokenizer.json, one is added.
 *
 * @param maxLength longest row that the model was trained with: a lower `model_max_length` is raised to it
 * @param json makes a tokenizer.json of the tokenizer in memory, which is saved when its files have changed since
 * @throws the errors of `node:fs`
 */
export async function copyTokenizerFiles(
  tokenizer: TokenizerDescription,
  target: string,
  maxLength: number,
  json: () => Promise<string>,
): Promise<void> {
  const names = Object.keys(tokenizer.files);
  for (const name of names) await copyWithTime(join(tokenizer.directory, name), join(target, name));
  const isSame = isDeepStrictEqual(await describeFiles(tokenizer.directory, names), tokenizer.files);
  if (!isSame) for (const name of names) await rm(join(target, name), { force: true });
  const generated = isSame ? tokenizer.generated : await json();
  const config = {
    ...readableByAll(tokenizer.config),
    ...(tokenizer.maxLength !== null && tokenizer.maxLength < maxLength && { model_max_length: maxLength }),
    model_input_names: tokenizer.inputNames,
  };
  await writeFile(join(target, tokenizerConfigFile), `${JSON.stringify(config, null, 2)}\n`);
  if (generated !== null) await writeFile(join(target, tokenizerFile), generated);
}

/** Size and time of change of those files that are there. Copies that we made have those of their originals. */
async function describeFiles(directory: string, names: readonly string[]): Promise<Record<string, string>> {
  const found = await Promise.all(
    names.map(async (name) => [name, await stat(join(directory, name)).catch(() => null)] as const),
  );
  return Object.fromEntries(
    found.flatMap(([name, file]) =>
      file === null ? [] : [[name, `${file.size} ${Math.round(file.mtimeMs)}`]],
    ),
  );
}

/**
 * What transformers 5 writes and 4 cannot read, under the former names, which 5 reads as well (4.57.6 and 5.18.0, tried):
 * a list of further special tokens, and the class of tokenizers without one of their own.
 */
function readableByAll(config: JsonObject): JsonObject {
  const { extra_special_tokens: tokens, ...others } = config;
  return {
    ...(Array.isArray(tokens) ? { ...others, additional_special_tokens: tokens } : config),
    ...(config.tokenizer_class === "TokenizersBackend" && { tokenizer_class: "PreTrainedTokenizerFast" }),
  };
}

/** Says what is missing, and how the one file that every architecture may have is made. */
async function noTokenizer(
  statements: TokenizerStatements,
  older: OlderFiles | undefined,
): Promise<TagformerError> {
  const { directory } = statements;
  const present = new Set(await readdir(directory).catch(() => []));
  const model = sentencePieceFiles.find((name) => present.has(name));
  const others = older === undefined ? "" : ` and no ${older.names}`;
  const found = model && `; its ${model} is a SentencePiece model, which is not read by itself`;
  // Without these, transformers takes the file for one of tiktoken and asks for that package instead (5.18, tried).
  const packages = model ? " (with the packages sentencepiece and protobuf)" : "";
  const otherwise = older && readsOtherwise(statements, older.classes);
  const problem = `${directory} has no ${tokenizerFile}${others}${found ?? ""}${otherwise ? `; ${otherwise}` : ""}`;
  return invalidModel(`${problem}; to write a ${tokenizerFile}, ${saveTokenizerJson}${packages}`);
}

function readMaxLength(value: unknown): number | null {
  const sensible =
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= longestModel;
  return sensible ? value : null;
}

async function copyWithTime(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
    const { atimeMs, mtimeMs } = await stat(from);
    await utimes(to, atimeMs / 1000, mtimeMs / 1000);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
