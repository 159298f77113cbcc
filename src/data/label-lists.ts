// What a cell says about labels when it lists the names of all that are set.

/** The cells that {@link parseLabelList} takes, for messages. */
export const acceptedLabelLists = "a list such as [\"a\", \"b\"], ['a', 'b'] or a|b";
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
