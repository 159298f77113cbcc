// Rows with two labels, and a model that decides as many of them rightly as it is told to.
import { generator } from "../../../src/base/random.js";

export const names = ["a", "b"];

/** Labels, and logits that agree with them as often as `skill` says. */
export function task(rows: number, skill: number, seed: number, labelSeed = 1) {
  const labelsFrom = generator(labelSeed, "labels");
  const labels = Float32Array.from({ length: 2 * rows }, () => Number(labelsFrom.float() < 0.4));
  const random = generator(seed, "logits");
  const logits = labels.map(
    (set) => (random.float() < skill ? 1 : -1) * (2 * set - 1) * (0.1 + random.float()),
  );
  return { labels, logits };
}
