// Shows a report: in the terminal, as a page with pictures beside its file, and in docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "../steps.mjs";
import { descriptionOf, headline, titleOf } from "./captions.mjs";
import { renderBenchPage } from "./page.mjs";
import { combine, figuresOf } from "./results.mjs";
import { figureTable, markdownTable, overviewTable, ratioTable, terminalTable } from "./tables.mjs";

const document = join(root, "docs", "performance.md");
/** Between them is what this writes: everything, and the first screen. */
const markers = [
  "<!-- written by: npm run bench -- --write -->\n",
  "<!-- end of what npm run bench wrote -->",
];
const overviewMarkers = [
  "<!-- overview, written by: npm run bench -- --write -->\n",
  "<!-- end of the overview -->",
];

/**
 * @param reports later ones replace tasks of earlier ones
 * @param file the last report's own, beside which the page is written
 */
export async function publish(reports, file, { write }) {
  const report = combine(reports);
  const tasks = figuresOf(report);
  process.stdout.write(`\n${headline(report).join("\n")}\n`);
  for (const task of tasks)
    process.stdout.write(`\n${titleOf(task)}\n${descriptionOf(task)}\n\n${tables(task, terminalTable)}`);
  process.stdout.write(`\nAgainst the fastest of the others\n\n${terminalTable(overviewTable(tasks))}`);
  const page = file.replace(/\.json$/, ".html");
  writeFileSync(page, await renderBenchPage(report, tasks));
  say(`bench: pictures are in ${page}`);
  if (write) writeTables(report, tasks);
}

function tables(task, render) {
  return `${render(figureTable(task))}\n${render(ratioTable(task))}`;
}

function writeTables(report, tasks) {
  const machine = headline(report)
    .map((line) => `- ${line}\n`)
    .join("");
  const sections = tasks.map(
    (task) => `\n### ${titleOf(task)}\n\n${descriptionOf(task)}\n\n${tables(task, markdownTable)}`,
  );
  const content = readFileSync(document, "utf8");
  const withTables = replaceBetween(content, markers, `${machine}${sections.join("")}`);
  writeFileSync(document, replaceBetween(withTables, overviewMarkers, markdownTable(overviewTable(tasks))));
  say(`bench: the tables are in ${document}`);
}

function replaceBetween(content, [first, last], text) {
  const [begin, end] = [content.indexOf(first) + first.length, content.indexOf(last)];
  if (begin < first.length || end < begin) throw new Error(`${document} lacks ${first}... ${last}`);
  return `${content.slice(0, begin)}\n${text}\n${content.slice(end)}`;
}
