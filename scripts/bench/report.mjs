// node scripts/bench/report.mjs bench-results/DATE.json [--write]: shows a report again, and draws its page; with --write it
// also writes the tables of docs/performance.md.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { main } from "../steps.mjs";
import { publish } from "./publish.mjs";

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: "boolean", default: false } },
  });
  const [file] = positionals;
  if (!file?.endsWith(".json")) throw new Error("give a report: bench-results/DATE.json");
  await publish({ report: JSON.parse(readFileSync(file, "utf8")), file }, values);
});
