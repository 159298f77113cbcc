// How tables that tagformer writes name labels, so that they can be read back whatever the labels are called.
import { missingCell, parseLabel } from "./labels.js";

/** Letters, digits and what joins them: nothing in such names separates, quotes or begins a formula. */
const plainName = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_./&+-]*$/u;

function isPlain(name: string): boolean {
  return (
    plainName.test(name) && !missingCell(name) && parseLabel(name) === undefined && Number.isNaN(Number(name))
  );
}

/**
 * What writes several labels into one cell: `a|b`, or a JSON array, `["a, b", "c"]`, where the name of any label leaves a choice to
 * a reader. All cells of a table are written in one way.
 *
 * @param all the names of all labels
 */
export function labelCellWriter(all: readonly string[]): (names: readonly string[]) => string {
  return all.every(isPlain) ? (names) => names.join("|") : (names) => JSON.stringify(names);
}

/** Columns beside those of labels under names that no label has: `id`, or `row_id` where a label is called `id`. */
export function distinctColumns(columns: readonly string[], labels: readonly string[]): readonly string[] {
  const taken = new Set(labels.map((label) => label.trim().toLowerCase()));
  return columns.map((column) => {
    let name = column;
    while (taken.has(name)) name = `row_${name}`;
    taken.add(name);
    return name;
  });
}
