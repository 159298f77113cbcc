// node examples/quickstart/generate.mjs FOLDER: writes FOLDER/tickets.csv, the quickstart's data.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "csv-stringify/sync";
import { labelNames, writeTickets } from "./tickets.mjs";

/** The quickstart's 8,000 tickets: always the same. */
export function quickstartTickets() {
  return writeTickets(8000, 2024);
}

/** The same as a program has them: objects with a field for each label. */
export function quickstartRows() {
  return quickstartTickets().map(({ id, text, labels }) => ({
    id,
    text,
    ...Object.fromEntries(labelNames.map((name, i) => [name, labels[i]])),
  }));
}

/** Writes them to `tickets.csv` in `folder` and returns its path. */
export function generate(folder) {
  const file = join(folder, "tickets.csv");
  const records = quickstartTickets().map(({ id, text, labels }) => [id, text, ...labels]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, stringify([["id", "text", ...labelNames], ...records]));
  return file;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = process.argv[2];
  if (!folder) {
    console.error("usage: node examples/quickstart/generate.mjs FOLDER");
    process.exit(2);
  }
  console.log(generate(folder));
}
