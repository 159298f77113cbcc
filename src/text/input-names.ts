// Which of its outputs a tokenizer hands to the model: `model_input_names` in tokenizer_config.json, or what the
// version of transformers that wrote the directory does without it.
import { join } from "node:path";
import { invalidModel } from "../base/errors.js";
import { tokenizerConfigFile } from "../model/file-names.js";
import { type TokenizerStatements, tokenizerClass } from "./tokenizer-class.js";

/** The name of the segments, which transformers leaves out of a model's inputs unless the tokenizer lists it. */
const tokenTypes = "token_type_ids";

/** Models that take no segments: in transformers 4 their `forward` refuses the argument. */
const withoutSegments: ReadonlySet<string> = new Set(["distilbert", "modernbert"]);

// In transformers 3 and 4 the classes' common base lists token types (tokenization_utils_base.py of 4.57.6), and these
// classes do not.
const withoutTypesIn4: ReadonlySet<string> = new Set([
  "CamembertTokenizer",
  "DistilBertTokenizer",
  "RobertaTokenizer",
  "XLMRobertaTokenizer",
]);

// Since transformers 5 the base lists none (5.0.0 and 5.18.0), and these classes do; ElectraTokenizer is BertTokenizer there.
const withTypesIn5: ReadonlySet<string> = new Set([
  "BertTokenizer",
  "DebertaV2Tokenizer",
  "ElectraTokenizer",
]);

/**
 * The names of the model's inputs, as transformers has them in `tokenizer.model_input_names`.
 *
 * @throws TagformerError `INVALID_MODEL` when `model_input_names` is no list of names
 */
export function readInputNames(statements: TokenizerStatements): readonly string[] {
  const { tokenizerConfig, directory, modelType } = statements;
  const stated: unknown = tokenizerConfig.model_input_names ?? null;
  if (stated === null) return inputNames(givesTypes(statements) && !withoutSegments.has(modelType));
  if (!Array.isArray(stated) || stated.some((name) => typeof name !== "string") || stated.length === 0) {
    const expected = 'expected a list of names such as ["input_ids", "attention_mask"]';
    throw invalidModel(
      `${join(directory, tokenizerConfigFile)}: model_input_names is ${JSON.stringify(stated)}; ${expected}`,
    );
  }
  return withoutSegments.has(modelType) ? withoutTypes(stated) : stated;
}

/** Whether the model is given segments. */
export function hasTokenTypes(names: readonly string[]): boolean {
  return names.includes(tokenTypes);
}

/** The same names but for the segments. */
export function withoutTypes(names: readonly string[]): readonly string[] {
  return names.filter((name) => name !== tokenTypes);
}

function inputNames(types: boolean): readonly string[] {
  return types ? ["input_ids", tokenTypes, "attention_mask"] : ["input_ids", "attention_mask"];
}

function givesTypes(statements: TokenizerStatements): boolean {
  const name = tokenizerClass(statements) ?? "";
  return isWrittenBy5(statements) ? withTypesIn5.has(name) : !withoutTypesIn4.has(name);
}

/** Whether transformers 5 or newer wrote the directory. Its tokenizer_config.json names a `backend`, which tells in a directory of tokenizers alone. */
function isWrittenBy5({ modelConfig, tokenizerConfig }: TokenizerStatements): boolean {
  const { transformers_version: version } = modelConfig;
  if (typeof version === "string" && /^\d/.test(version)) return Number.parseInt(version, 10) >= 5;
  return typeof tokenizerConfig.backend === "string";
}
