// A model with a vocabulary large enough that whatever loads it can be met in the middle, and is missed when it leaks.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { finish, tinyDataset, tinyRun, tinySource } from "../unit/training/tiny-run.js";

/** Tokens of the vocabulary. */
const words = 60_000;

/** Trains such a model for a moment; its directory, with 30 MB of weights. */
export async function largeModel(): Promise<string> {
  const source = tinySource({ vocab_size: words, hidden_size: 128 });
  const known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "my", "parcel", "is", "late"];
  const vocabulary = Array.from({ length: words }, (_, i) => known[i] ?? `w${i}`);
  writeFileSync(join(dirname(source.config), "vocab.txt"), vocabulary.join("\n"));
  return (await finish(tinyRun({ ...source, epochs: 1, train: tinyDataset(40) }))).end.directory;
}
