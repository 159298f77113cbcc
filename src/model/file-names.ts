// Names of the files of a Hugging Face model directory that tagformer reads or writes.
export const configFile = "config.json";
export const weightsFile = "model.safetensors";
export const weightsIndexFile = "model.safetensors.index.json";
/** tagformer's own file: training options, metrics and the like. Other libraries ignore it. */
export const tagformerFile = "tagformer.json";
/** Which rows of its data a run trained on, and which it held back. */
export const splitFile = "split.csv";
/** Version of the layout of tagformer.json; raised when an older tagformer could misread a newer file. */
export const tagformerFormat = 1;

export const tokenizerFile = "tokenizer.json";
export const tokenizerConfigFile = "tokenizer_config.json";
export const bertVocabularyFile = "vocab.txt";
export const robertaVocabularyFile = "vocab.json";
export const robertaMergesFile = "merges.txt";

/** Every file that may hold a part of a tokenizer; a directory has a few of them. */
export const tokenizerFiles: readonly string[] = [
  tokenizerFile,
  tokenizerConfigFile,
  "special_tokens_map.json",
  "added_tokens.json",
  bertVocabularyFile,
  robertaVocabularyFile,
  robertaMergesFile,
  "spiece.model",
  "spm.model",
  "sentencepiece.bpe.model",
];
