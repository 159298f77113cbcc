// node scripts/recipes.mjs [--study comments,quickstart] [--only NAME,...] [--seeds 5] [--rows N] [--max-length N] [--table TABLE]
// [--results FILE]: what each ingredient of a training is worth, alone and together. Every seed holds a fifth of the rows out of
// everything; what is left is trained on with the ingredient, with validation rows, epochs and thresholds of its own,
// and the finished model judges the rows that were held out. `comments` trains MiniLM on the 3,000 real comments of
// ../shared/data, or on another table; `quickstart` a small BERT from random weights on made-up tickets. Each result is appended to
// the results, and what is there already is not trained again: a measurement may be interrupted, or done in parts.
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { datasetFromRows, readDataset, selectRows, stratifiedSplit } from "../dist/index.js";
import { quickstartRows } from "../examples/quickstart/generate.mjs";
import { labelNames } from "../examples/quickstart/tickets.mjs";
import { trainingOptions } from "../examples/quickstart/training-options.mjs";
import { ensureMiniLm } from "./parity-python.mjs";
import { contestants } from "./recipes/contestants.mjs";
import { recipeTable } from "./recipes/table.mjs";
import { trainAndJudge } from "./recipes/train.mjs";
import { main, root, say } from "./steps.mjs";

const { values } = parseArgs({
  options: {
    study: { type: "string", default: "comments" },
    only: { type: "string" },
    seeds: { type: "string", default: "5" },
    rows: { type: "string" },
    threads: { type: "string", default: "0" },
    "max-length": { type: "string" },
    table: { type: "string", default: join(root, "../shared/data/jigsaw-3000.csv") },
    results: { type: "string", default: join(root, "runs/recipes.jsonl") },
  },
});

const studies = {
  async comments() {
    const { dataset } = await readDataset(values.table);
    return { dataset, source: { model: await ensureMiniLm() } };
  },
  async quickstart() {
    const { dataset } = await datasetFromRows(quickstartRows(), { labels: labelNames, name: "tickets" });
    return { dataset, source: { config: trainingOptions.config } };
  },
};

/** Results that are there already, by study, contestant and seed. */
function earlierResults() {
  if (!existsSync(values.results)) return [];
  return readFileSync(values.results, "utf8")
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The first so many rows, of which a fifth is held out. */
function partsOf(dataset, seed) {
  const rows = values.rows ? Number(values.rows) : dataset.texts.length;
  const whole = selectRows(
    dataset,
    Int32Array.from({ length: Math.min(rows, dataset.texts.length) }, (_, row) => row),
  );
  const { train, validation } = stratifiedSplit(whole, { fraction: 0.2, seed });
  return { training: selectRows(whole, train), unseen: selectRows(whole, validation) };
}

await main(async () => {
  mkdirSync(dirname(values.results), { recursive: true }); // before hours of training, not after them
  const results = earlierResults();
  const wanted = values.only?.split(",");
  for (const study of values.study.split(",")) {
    const { dataset, source } = await studies[study]();
    for (let seed = 1; seed <= Number(values.seeds); seed++) {
      for (const [name, options] of Object.entries(contestants(study))) {
        if (wanted && !wanted.includes(name)) continue;
        const key = { study, name, seed, rows: values.rows ?? null, maxLength: values["max-length"] ?? null };
        if (results.some((result) => Object.entries(key).every(([field, value]) => result[field] === value)))
          continue;
        const folder = mkdtempSync(join(tmpdir(), "tagformer-recipes-"));
        const more = {
          threads: Number(values.threads),
          seed,
          ...(key.maxLength && { maxLength: Number(key.maxLength) }),
        };
        const found = await trainAndJudge({
          ...partsOf(dataset, seed),
          folder,
          options: { ...source, ...options, ...more },
        });
        rmSync(folder, { recursive: true, force: true });
        const result = { ...key, ...found };
        results.push(result);
        appendFileSync(values.results, `${JSON.stringify(result)}\n`);
        say(
          `${study}, seed ${seed}, ${name}: micro-F1 ${found.microF1.toFixed(4)}, macro-F1 ${found.macroF1.toFixed(4)}, ${found.seconds.toFixed(0)} s`,
        );
      }
    }
    process.stdout.write(`${recipeTable(results.filter((result) => result.study === study))}\n`);
  }
});
