// The sets of texts that python/workload.py wrote, as the contestants in JavaScript take them.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `{texts, ids, types, labels}`, one entry a text. */
export function readTexts({ directory, set }) {
  return JSON.parse(readFileSync(join(directory, `texts-${set}.json`), "utf8"));
}

/** Row numbers by falling length, in batches of `size`. */
export function sortedBatches({ ids }, size) {
  const rows = [...ids.keys()].sort((a, b) => ids[b].length - ids[a].length);
  return inBatches(rows, size);
}

export function inBatches(rows, size) {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) =>
    rows.slice(i * size, (i + 1) * size),
  );
}

/** Every k-th of all rows, for the check before the timings. */
export function checkedRows({ ids }) {
  const step = Math.ceil(ids.length / 16);
  return [...ids.keys()].filter((row) => row % step === 0);
}

/** Some rows of a set, as a set. */
export function select(set, rows) {
  const chosen = Object.entries(set).map(([name, values]) => [name, rows.map((row) => values[row])]);
  return Object.fromEntries(chosen);
}
