// Which class of transformers a directory's tokenizer has, and whether its files are all that the class goes by.
import { join } from "node:path";
import { invalidModel } from "../base/errors.js";
import { configFile, saveTokenizerJson, tokenizerConfigFile } from "../model/file-names.js";
import { isJsonObject, type JsonObject } from "../model/json-file.js";

/** What a directory says about its tokenizer besides the vocabulary. */
export interface TokenizerStatements {
  readonly directory: string;
  /** tokenizer_config.json as parsed; empty where there is none. */
  readonly tokenizerConfig: JsonObject;
  /** config.json as parsed; empty where there is none. */
  readonly modelConfig: JsonObject;
  readonly modelType: string;
}

/** The tokenizer class of a `model_type` where no file names one (tokenization_auto.py of transformers 4.57.6 and 5.18.0). */
const defaultClasses: ReadonlyMap<string, string> = new Map([
  ["albert", "AlbertTokenizer"],
  ["bert", "BertTokenizer"],
  ["camembert", "CamembertTokenizer"],
  ["deberta-v2", "DebertaV2Tokenizer"],
  ["distilbert", "DistilBertTokenizer"],
  ["electra", "ElectraTokenizer"],
  ["roberta", "RobertaTokenizer"],
  ["xlm-roberta", "XLMRobertaTokenizer"],
  ["xlnet", "XLNetTokenizer"],
]);

/** Options of BERT's tokenizers and their relatives that change how texts are split; the value that changes nothing. */
const plainOptions: Readonly<Record<string, unknown>> = {
  word_tokenizer_type: "basic",
  subword_tokenizer_type: "wordpiece",
  wordpieces_prefix: "##",
  clean_text: true,
};

/** The class of a directory's tokenizer without the ending `Fast`: named in a file, or the model type's own. */
export function tokenizerClass({
  tokenizerConfig,
  modelConfig,
  modelType,
}: Omit<TokenizerStatements, "directory">): string | null {
  const named = [tokenizerConfig.tokenizer_class, modelConfig.tokenizer_class].find(
    (name) => typeof name === "string" && name !== "",
  ) as string | undefined;
  return named?.replace(/Fast$/, "") ?? defaultClasses.get(modelType) ?? null;
}

/**
 * Checks that a vocabulary without a tokenizer.json is read as its tokenizer's class reads it.
 *
 * @param files names of the vocabulary's files
 * @param readAs the classes that split texts as these files are read here
 * @throws TagformerError `INVALID_MODEL` where a class or an option says that texts are split in another way
 */
export function checkReadAs(statements: TokenizerStatements, files: string, readAs: readonly string[]): void {
  const problem = readsOtherwise(statements, readAs);
  if (problem === null) return;
  const [own] = readAs;
  throw invalidModel(
    `${problem}, and there is no tokenizer.json: ${files} alone would be split as ${own} does it, which gives other tokens. Where the class can write a tokenizer.json, ${saveTokenizerJson}`,
  );
}

/** What says that texts are split in another way than by one of these classes; `null` where nothing does. */
export function readsOtherwise(statements: TokenizerStatements, readAs: readonly string[]): string | null {
  return classProblem(statements, readAs) ?? codeProblem(statements) ?? optionProblem(statements);
}

/**
 * Checks that a tokenizer.json is what its tokenizer's class goes by.
 *
 * @throws TagformerError `INVALID_MODEL` for a class that never reads one
 */
export function checkReadsTokenizerJson(statements: TokenizerStatements): void {
  if (tokenizerClass(statements) !== "BertJapaneseTokenizer") return;
  throw invalidModel(
    `${statements.directory}: its tokenizer is BertJapaneseTokenizer, which splits words with a program of its own and never reads tokenizer.json; if tokenizer.json is the one to read, set tokenizer_class in ${tokenizerConfigFile} to "PreTrainedTokenizerFast"`,
  );
}

function classProblem(statements: TokenizerStatements, readAs: readonly string[]): string | null {
  const name = tokenizerClass(statements);
  if (name === null || readAs.includes(name)) return null;
  const { directory, tokenizerConfig } = statements;
  const file = tokenizerConfig.tokenizer_class ? tokenizerConfigFile : configFile;
  return `${join(directory, file)} says that the tokenizer is ${name}`;
}

/** A class in Python code that comes with the model. */
function codeProblem({ directory, tokenizerConfig, modelConfig }: TokenizerStatements): string | null {
  for (const [file, config] of [
    [tokenizerConfigFile, tokenizerConfig],
    [configFile, modelConfig],
  ] as const) {
    const map = config.auto_map;
    const code = isJsonObject(map) ? map.AutoTokenizer : file === tokenizerConfigFile ? map : null;
    const named = [code].flat().find((name) => typeof name === "string" && name !== "");
    if (named) return `${join(directory, file)} says that the tokenizer is Python code, ${named} (auto_map)`;
  }
  return null;
}

function optionProblem({ directory, tokenizerConfig }: TokenizerStatements): string | null {
  for (const [option, plain] of Object.entries(plainOptions)) {
    const value = tokenizerConfig[option] ?? plain;
    if (value !== plain) {
      return `${join(directory, tokenizerConfigFile)}: ${option} is ${JSON.stringify(value)}`;
    }
  }
  return null;
}
