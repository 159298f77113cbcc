import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { finish, tinyDataset, tinyRun, tinySource } from "../unit/training/tiny-run.js";
import { runLongChild } from "./run-child.js";

/** Words of a vocabulary large enough that a model or a tokenizer that is not freed shows at once. */
const words = 60_000;

/** Loads a model of 30 MB and disposes of it `loads` times, then predicts; memory must not grow by one such model. */
export async function checkSoak(loads: number, predictions: number): Promise<void> {
  const source = tinySource({ vocab_size: words, hidden_size: 128 });
  const known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "my", "parcel", "is", "late"];
  const vocabulary = Array.from({ length: words }, (_, i) => known[i] ?? `w${i}`);
  writeFileSync(join(dirname(source.config), "vocab.txt"), vocabulary.join("\n"));
  const { directory } = (await finish(tinyRun({ ...source, epochs: 1, train: tinyDataset(40) }))).end;
  const parameters = [directory, `${loads}`, `${predictions}`];
  const { end, reports, stderr } = await runLongChild("soak.mjs", 1800, ...parameters);
  expect({ end, stderr }).toEqual({ end: 0, stderr: "" });
  const growth = reports.growth as Record<string, number>;
  for (const [part, megabytes] of Object.entries(growth)) expect(megabytes, part).toBeLessThan(30);
}
