// Rows that a split must not separate.

import { firstOccurrences, type Texts } from "./compressed-texts.js";
import type { LabelledRows } from "./dataset.js";
import { requireLabelledRows } from "./shape.js";
import { plainTexts } from "./text-keys.js";

/**
 * The cluster of each row, `[rows]`: rows of one text or one group, which say less than as many others would. Clusters are
 * counted from 0, in the order of their first rows.
 */
export function clustersOf(rows: LabelledRows & { readonly texts: Texts }): Int32Array {
  requireLabelledRows(rows, true);
  return unitsOf(rows, true)!;
}

/**
 * The unit of each row, `[rows]`: rows of one unit stay together. Units are counted from 0, in the order of their first
 * rows. Rows belong together that have the same group, or, with `byText`, the same text but for case, blanks and
 * punctuation, or both by way of a third.
 *
 * @returns `undefined` when every row is a unit
 */
export function unitsOf(
  { labels, labelNames, texts = [], groups }: LabelledRows,
  byText: boolean,
): Int32Array | undefined {
  if (!byText && groups === undefined) return undefined;
  const parents = Int32Array.from({ length: labels.length / labelNames.length }, (_, row) => row);
  const rootOf = (row: number): number => {
    let root = row;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]!]!;
      root = parents[root]!;
    }
    return root;
  };
  const join = (row: number, other: number) => {
    parents[rootOf(row)] = rootOf(other);
  };
  if (byText) {
    for (const [row, first] of firstOccurrences(plainTexts(texts)).entries()) join(row, first);
  }
  if (groups) {
    const firsts = firstOccurrences(groups);
    for (const [row, group] of groups.entries()) if (group.trim() !== "") join(row, firsts[row]!);
  }
  const numbers = new Map<number, number>();
  return parents.map((_, row) => {
    const root = rootOf(row);
    const number = numbers.get(root) ?? numbers.size;
    numbers.set(root, number);
    return number;
  });
}
