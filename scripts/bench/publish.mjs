// Shows a report: in the terminal, as a page with pictures beside its file, and in docs/performance.md.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "../steps.mjs";
import { descriptionOf, headline, titleOf } from "./captions.mjs";
import { renderBenchPage } from "./page.mjs";
import { combine, figuresOf } from "./results.mjs";
import { figureTable, markdownTable, ratioTable, terminalTable } from "./tables.mjs";

const document = join(root, "docs", "performance.md");
const markers = [
  "<!-- written by: npm run bench -- --write -->\n",
  "<!-- end of what npm run bench wrote -->",
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
  const page = file.replace(/\.json$/, ".html");
  writeFileSync(page, await renderBenchPage(report, tasks));
  say(`bench: pictures are in ${page}`);
  if (write) writeTables(report, tasks);
}

function tables(task, render) {
  return `${render(figureTable(task))}\n${render(ratioTable(task))}`;
}

function writeTables(report, tasks) {
  const content = readFileSync(document, "utf8");
  const [begin, end] = [content.indexOf(markers[0]) + markers[0].length, content.indexOf(markers[1])];
  if (begin < markers[0].length || end < begin) throw new Error(`${document} lacks ${markers.join("... ")}`);
  const machine = headline(report)
    .map((line) => `- ${line}\n`)
    .join("");
  const sections = tasks.map(
    (task) => `\n### ${titleOf(task)}\n\n${descriptionOf(task)}\n\n${tables(task, markdownTable)}`,
  );
  writeFileSync(
    document,
    `${content.slice(0, begin)}\n${machine}${sections.join("")}\n${content.slice(end)}`,
  );
  say(`bench: the tables are in ${document}`);
}
