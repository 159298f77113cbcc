// node scripts/bench/report.mjs bench-results/DATE.json... [--write]: shows a report again, and draws its page; with --write it
// also writes the tables of docs/performance.md. Of several reports, later ones replace what they measured again.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { main } from "../steps.mjs";
import { publish } from "./publish.mjs";

await main(async () => {
  const { values, positionals: files } = parseArgs({
    allowPositionals: true,
    options: { write: { type: "boolean", default: false } },
  });
  if (files.length === 0 || !files.every((file) => file.endsWith(".json"))) {
    throw new Error("give reports: bench-results/DATE.json");
  }
  const reports = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
  await publish(reports, files.at(-1), values);
});
