// Lines as fastText's supervised mode has them: `__label__a __label__b the text`.
import type { BadRows } from "./bad-rows.js";
import { fastTextPrefix } from "./label-separator.js";
import type { Line } from "./lines.js";
import type { Row } from "./row.js";

/** A label among the words of a line; fastText takes it wherever it stands. */
const label = new RegExp(`(^|\\s+)${fastTextPrefix}(\\S*)`, "g");

/** Whether lines of text are such lines: most of those that are not blank begin with a label. */
export function isFastTextTable(lines: readonly Line[]): boolean {
  const filled = lines.filter(({ text }) => text.trim() !== "");
  const labelled = filled.filter(({ text }) => text.trimStart().startsWith(fastTextPrefix));
  return labelled.length > filled.length / 2;
}

/** The rows of such lines: the columns `labels`, an array of names, and `text`. Blank lines are ignored. */
export async function* readFastTextRows(
  file: string,
  lines: AsyncIterable<Line>,
  bad: BadRows,
): AsyncGenerator<Row> {
  bad.note(
    `${file}: its lines are read as fastText's: words after ${fastTextPrefix} are labels, the rest is the text`,
  );
  for await (const { number, text } of lines) {
    if (text.trim() === "") continue;
    const names = Array.from(text.matchAll(label), (found) => found[2]!);
    if (names.includes("")) {
      bad.report(file, number, `has a label without a name; expected ${fastTextPrefix}NAME`);
      continue;
    }
    const words = text.replaceAll(label, "").trim();
    yield {
      line: number,
      cells: new Map<string, unknown>([
        ["labels", names],
        ["text", words],
      ]),
    };
  }
}
