// Rows that have exactly the same labels.

/**
 * The rows of each combination of labels, in ascending order; combinations in the order of their first rows. A missing label
 * makes a combination of its own, and a soft one counts as set above 0.5.
 *
 * @param labels `[rows * width]`
 */
export function rowsByCombination(labels: Float32Array, width: number): Int32Array[] {
  // Rows are compared as strings of one byte a label, which Map hashes natively.
  const codes = Buffer.alloc(labels.length);
  for (let i = 0; i < labels.length; i++) codes[i] = Number.isNaN(labels[i]!) ? 2 : Number(labels[i]! > 0.5);
  const groups = new Map<string, number[]>();
  for (let row = 0; row < labels.length / width; row++) {
    const combination = codes.toString("latin1", row * width, (row + 1) * width);
    const group = groups.get(combination);
    if (group) group.push(row);
    else groups.set(combination, [row]);
  }
  return Array.from(groups.values(), (group) => Int32Array.from(group));
}
