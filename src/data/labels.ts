// What a cell says about labels: one label of a row, or the list of all that are set.

/** The cells that {@link parseLabel} takes, for messages. */
export const acceptedLabels = "0, 1, true or false, or -1 or blank where the label is missing";

/** What {@link parseSoftLabel} takes besides. */
export const acceptedSoftLabels = `a number from 0 to 1, ${acceptedLabels.slice("0, 1, ".length)}`;

/** The cells that {@link parseLabelList} takes, for messages. */
export const acceptedLabelLists = "a list such as [\"a\", \"b\"], ['a', 'b'] or a|b";

const labelValues = new Map([
  ["0", 0],
  ["0.0", 0],
  ["false", 0],
  ["1", 1],
  ["1.0", 1],
  ["true", 1],
  ["", Number.NaN],
  ["-1", Number.NaN],
  ["-1.0", Number.NaN],
]);

/** 0, 1, or NaN for a missing label; `undefined` when the cell is no label. */
export function parseLabel(cell: unknown): number | undefined {
  if (isBlank(cell)) return Number.NaN;
  if (typeof cell === "object") return undefined;
  return labelValues.get(String(cell).trim().toLowerCase());
}

/** A soft label, from 0 to 1; `undefined` when the cell is none. Only columns that are named as labels may hold these. */
export function parseSoftLabel(cell: unknown): number | undefined {
  if (typeof cell !== "string" && typeof cell !== "number") return undefined;
  const value = Number(cell);
  return value >= 0 && value <= 1 ? value : undefined;
}

/** Whether a cell is absent, null or holds only white space. */
export function isBlank(cell: unknown): boolean {
  return cell === undefined || cell === null || (typeof cell === "string" && cell.trim() === "");
}

/**
 * The names in a list cell: a JSON array, an array as Python prints it, or names with `|` between. A blank string is an
 * empty list, since `a|b` has no other way to write one; `undefined` when the cell is no list of names.
 */
export function parseLabelList(cell: unknown): string[] | undefined {
  if (Array.isArray(cell)) return namesIn(cell);
  if (typeof cell !== "string") return undefined;
  const text = cell.trim();
  if (!text.startsWith("[")) {
    const names = text.split("|").map((name) => name.trim());
    return names.filter((name) => name !== "");
  }
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? namesIn(list) : undefined;
  } catch {
    return parsePythonList(text);
  }
}

function namesIn(list: readonly unknown[]): string[] | undefined {
  return list.every((name) => typeof name === "string" && name.trim() !== "")
    ? (list as string[])
    : undefined;
}

const pythonString = String.raw`(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")`;
const pythonList = new RegExp(String.raw`^\[\s*(?:${pythonString}\s*(?:,\s*${pythonString}\s*)*,?\s*)?\]$`);

/** A list of strings as Python's `repr` writes it. */
function parsePythonList(text: string): string[] | undefined {
  if (!pythonList.test(text)) return undefined;
  const strings = text.match(new RegExp(pythonString, "g")) ?? [];
  return namesIn(strings.map((string) => string.slice(1, -1).replace(/\\(.)/g, "$1")));
}
