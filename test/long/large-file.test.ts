// A table of a gigabyte, in CSV and in Parquet with few and large row groups: read for training, predicted by the command and by
// the streaming example, each in less than that. About twenty minutes on two cores.
import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { type Outcome, root, run } from "../e2e/package.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";

const rows = fileURLToPath(new URL("../../../shared/data/jigsaw-3000.csv", import.meta.url));
const bytes = 1e9;
const folder = temporaryFolder();
const csv = join(folder, "large.csv");
const parquet = join(folder, "large.parquet");
const peakFile = join(folder, "peak");
/** Writes down the most memory that a process had, in kilobytes, when it ends. */
const watch = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(peakFile)},String(process.resourceUsage().maxRSS)))`;

let model: string;
beforeAll(async () => {
  if (!existsSync(rows)) return;
  const [header, ...lines] = readFileSync(rows, "utf8").split(/(?<=\n)/);
  const body = lines.join("");
  const file = openSync(csv, "w");
  writeSync(file, header!);
  for (let written = 0; written < bytes; written += Buffer.byteLength(body)) writeSync(file, body);
  closeSync(file);
  // In a process of its own, which needs more memory than is to be used here.
  expect(
    run(process.execPath, ["--input-type=module", "-e", writing, rows, parquet, `${bytes}`], root),
  ).toMatchObject({ status: 0 });
  model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
});

/** A million rows in a row group, as pandas writes them, and nothing packed. */
const writing = `
  import { readDataset } from ${JSON.stringify(join(root, "dist", "index.js"))};
  import { parquetWriteFile } from "hyparquet-writer";
  const [rows, filename, bytes] = process.argv.slice(1);
  const { dataset: { texts, labels, labelNames } } = await readDataset(rows);
  const all = [...texts];
  const size = all.reduce((sum, text) => sum + Buffer.byteLength(text) + 4, 0);
  const length = Math.ceil(bytes / size) * all.length;
  const data = Array.from({ length }, (_, i) => all[i % all.length]);
  const column = (name, k) => {
    const data = Int32Array.from({ length }, (_, i) => labels[(i % all.length) * labelNames.length + k]);
    return { name, type: "INT32", data };
  };
  const text = { name: "comment_text", type: "STRING", encoding: "PLAIN", data };
  const columnData = [text, ...labelNames.map(column)];
  parquetWriteFile({ filename, codec: "UNCOMPRESSED", rowGroupSize: 1e6, columnData });`;

const reading = `
  import { readDataset } from ${JSON.stringify(join(root, "dist", "index.js"))};
  const { dataset } = await readDataset(process.argv[1]);
  console.log(dataset.texts.length);`;

const readers: [string, (table: string) => string[]][] = [
  ["readDataset", (table) => ["--input-type=module", "-e", reading, table]],
  [
    "tagformer predict",
    (table) => [
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
    (table) => ["examples/stream-predict.mjs", model, table, join(folder, "predictions.jsonl")],
  ],
];
const cases = [
  { format: "CSV", table: csv },
  { format: "Parquet", table: parquet },
].flatMap(({ format, table }) =>
  readers.map(([name, command]): [string, string, string, () => string[]] => [
    name,
    format,
    table,
    () => command(table),
  ]),
);

it.runIf(existsSync(rows)).each(cases)(
  "%s takes less than a gigabyte of memory for a gigabyte of %s",
  (name, format, table, command) => {
    const started = performance.now();
    const outcome: Outcome = run(process.execPath, ["--import", watch, ...command()], root);
    expect(outcome.status, outcome.stderr).toBe(0);
    const peak = Number(readFileSync(peakFile, "utf8")) * 1024;
    console.log({
      name,
      format,
      megabytes: Math.round(statSync(table).size / 1e6),
      peakMegabytes: Math.round(peak / 1e6),
      seconds: Math.round((performance.now() - started) / 1000),
    });
    expect(peak).toBeLessThan(1e9);
  },
);
