// Names of the files of a Hugging Face model directory that tagformer reads or writes, and of what is beside it.
import { basename, dirname, join, resolve } from "node:path";

export const configFile = "config.json";
export const weightsFile = "model.safetensors";
export const weightsIndexFile = "model.safetensors.index.json";
/** The TorchScript module of a directory whose `model_type` is {@link torchScriptType}. */
export const scriptFile = "model.pt";
export const torchScriptType = "torchscript";
/** The `model_type` of a directory whose weights are those of a bag of words. */
export const bagOfWordsType = "bag_of_words";
/** tagformer's own file: training options, metrics and the like. Other libraries ignore it. */
export const tagformerFile = "tagformer.json";
/** Which rows of its data a run trained on, and which it held back. */
export const splitFile = "split.csv";
/** A larger tagformer.json is not read. */
export const maxTagformerBytes = 10e6;
/** What a run predicted for its validation rows: JSON Lines. */
export const validationFile = "validation.jsonl";
/** What it predicted for its test rows, in the same form. */
export const testFile = "test.jsonl";
/** The model card. */
export const cardFile = "README.md";
/** Stands in a card that a newer one may replace: who takes the line out keeps the card as it is. */
export const cardMark =
  "<!-- tagformer writes this file anew when it saves the model; remove this line to keep yours -->";
/** The page about the run that made the model. */
export const reportFile = "report.html";
/** Version of the layout of tagformer.json; raised when an older tagformer could misread a newer file. */
export const tagformerFormat = 1;

export const tokenizerFile = "tokenizer.json";
export const tokenizerConfigFile = "tokenizer_config.json";
export const bertVocabularyFile = "vocab.txt";
export const robertaVocabularyFile = "vocab.json";
export const robertaMergesFile = "merges.txt";

/** SentencePiece models of ALBERT, XLNet, DeBERTa, XLM-RoBERTa and CamemBERT; their tokenizer.json is read instead. */
export const sentencePieceFiles: readonly string[] = ["spiece.model", "spm.model", "sentencepiece.bpe.model"];
/** What a message says to who needs a tokenizer.json. */
export const saveTokenizerJson =
  "in Python: AutoTokenizer.from_pretrained(directory).save_pretrained(directory)";

/** Every file that may hold a part of a tokenizer; a directory has a few of them. */
export const tokenizerFiles: readonly string[] = [
  tokenizerFile,
  tokenizerConfigFile,
  "special_tokens_map.json",
  "added_tokens.json",
  bertVocabularyFile,
  robertaVocabularyFile,
  robertaMergesFile,
  ...sentencePieceFiles,
];

/** Weights of the last step of a run that was stopped: a model directory inside the one of the finished model. */
export const lastDirectory = "last";

/** The bag of words that a run compares its model with: a model directory inside that of the model. */
export const baselineDirectory = "baseline";

const modelFiles: ReadonlySet<string> = new Set([
  configFile,
  weightsFile,
  weightsIndexFile,
  scriptFile,
  splitFile,
  tagformerFile,
  validationFile,
  testFile,
  cardFile,
  reportFile,
  ...tokenizerFiles,
]);

/** Whether a file name in a model directory is that of a part of the model, which goes with it when it is replaced. */
export function isModelFile(name: string): boolean {
  return modelFiles.has(name) || isWeightsFile(name);
}

export function isWeightsFile(name: string): boolean {
  return name === scriptFile || name.endsWith(".safetensors");
}

/** Where a model directory waits while a new one takes its place by two renames; for long only after a crash between them. */
export function replacedPath(directory: string): string {
  const path = resolve(directory);
  return join(dirname(path), `.${basename(path)}.replaced`);
}
