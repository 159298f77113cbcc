// A table of a gigabyte: read for training, predicted by the command and by the streaming example, each in less than that.
// About ten minutes on two cores.
import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { type Outcome, root, run } from "../e2e/package.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";

const rows = fileURLToPath(new URL("../../../shared/data/jigsaw-3000.csv", import.meta.url));
const bytes = 1e9;
const folder = temporaryFolder();
const table = join(folder, "large.csv");
const peakFile = join(folder, "peak");
/** Writes down the most memory that a process had, in kilobytes, when it ends. */
const watch = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(peakFile)},String(process.resourceUsage().maxRSS)))`;

let model: string;
beforeAll(async () => {
  if (!existsSync(rows)) return;
  const [header, ...lines] = readFileSync(rows, "utf8").split(/(?<=\n)/);
  const body = lines.join("");
  const file = openSync(table, "w");
  writeSync(file, header!);
  for (let written = 0; written < bytes; written += Buffer.byteLength(body)) writeSync(file, body);
  closeSync(file);
  model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
});

const reading = `
  import { readDataset } from ${JSON.stringify(join(root, "dist", "index.js"))};
  const { dataset } = await readDataset(process.argv[1]);
  console.log(dataset.texts.length);`;

it.runIf(existsSync(rows)).each<[string, () => string[]]>([
  ["readDataset", () => ["--input-type=module", "-e", reading, table]],
  [
    "tagformer predict",
    () => [
      "dist/bundle/main.js",
      "predict",
      table,
      "--model",
      model,
      "--out",
      join(folder, "predictions.csv"),
    ],
  ],
  [
    "the streaming example",
    () => ["examples/stream-predict.mjs", model, table, join(folder, "predictions.jsonl")],
  ],
])("%s takes less than a gigabyte of memory", (name, parameters) => {
  const started = performance.now();
  const outcome: Outcome = run(process.execPath, ["--import", watch, ...parameters()], root);
  expect(outcome.status, outcome.stderr).toBe(0);
  const peak = Number(readFileSync(peakFile, "utf8")) * 1024;
  console.log({
    name,
    megabytes: Math.round(statSync(table).size / 1e6),
    peakMegabytes: Math.round(peak / 1e6),
    seconds: Math.round((performance.now() - started) / 1000),
  });
  expect(peak).toBeLessThan(1e9);
});
