// A BERT small enough to train from random weights on a processor, and a vocabulary for it.
import { badWords, commonWords, rareWords } from "./words.mjs";

const special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
const punctuation = [..."!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"];

/** The content of config.json, and the lines of vocab.txt. */
export function smallModel() {
  // Letters as pieces, so that real comments can be read as well.
  const pieces = letters.map((letter) => `##${letter}`);
  const words = [...commonWords, ...badWords.flat(), ...rareWords.slice(0, 3000)];
  const vocabulary = [...new Set([...special, ...punctuation, ...letters, ...pieces, ...words])];
  const config = {
    architectures: ["BertForSequenceClassification"],
    model_type: "bert",
    vocab_size: vocabulary.length,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 128,
    hidden_act: "gelu",
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    initializer_range: 0.05,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
  };
  return { config, vocabulary };
}
