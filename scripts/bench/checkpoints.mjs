// node scripts/bench/checkpoints.mjs MODEL DATA.csv [--minutes 10] [--rounds 3] [--precision fp32]: what checkpoints cost. The same
// training with a checkpoint each minute and without, in processes of their own, in turns: rows a second, and peak memory.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readDataset, Trainer } from "../../dist/index.js";
import { main, say } from "../steps.mjs";
import { describeMachine, warnIfBusy } from "./machine.mjs";
import { peakMemory } from "./measure.mjs";
import { schedule } from "./plan.mjs";
import { median } from "./statistics.mjs";
import { terminalTable } from "./tables.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "10" },
    rounds: { type: "string", default: "3" },
    precision: { type: "string", default: "fp32" },
    /** Of a single sample, which is printed as JSON. */
    sample: { type: "string" },
  },
});
const [model, data] = positionals;
const seconds = 60 * Number(values.minutes);

/** Trains for the given time, from the end of the first step on. */
async function sample(checkpoints) {
  const { dataset } = await readDataset(data);
  const output = join(mkdtempSync(join(tmpdir(), "tagformer-checkpoints-")), "model");
  const options = {
    preset: "plain",
    precision: values.precision,
    epochs: 1000,
    report: false,
    checkpoints,
    checkpointMinutes: 1,
  };
  const stop = new AbortController();
  let [began, rows, rate] = [0, 0, 0];
  const run = new Trainer({ model, train: dataset, output, ...options }).events({ signal: stop.signal });
  for await (const event of run) {
    if (event.type !== "step" || stop.signal.aborted) continue;
    const now = performance.now() / 1000;
    if (began === 0) began = now;
    else rows += event.rows;
    rate = rows / (now - began);
    if (now - began >= seconds) stop.abort();
  }
  rmSync(join(output, ".."), { recursive: true });
  return { rowsPerSecond: rate, peakMemory: peakMemory() };
}

function sampleInProcess(kind) {
  const script = fileURLToPath(import.meta.url);
  const options = ["--minutes", values.minutes, "--precision", values.precision, "--sample", kind];
  return JSON.parse(execFileSync(process.execPath, [script, model, data, ...options], { encoding: "utf8" }));
}

await main(async () => {
  if (values.sample) {
    process.stdout.write(JSON.stringify(await sample(values.sample === "with")));
    return;
  }
  warnIfBusy(describeMachine());
  const samples = { without: [], with: [] };
  for (const kind of schedule({ contestants: Object.keys(samples) }, Number(values.rounds))) {
    samples[kind].push(sampleInProcess(kind));
    say(`bench: ${kind} checkpoints: ${JSON.stringify(samples[kind].at(-1))}`);
  }
  const of = (kind, figure) => median(samples[kind].map((one) => one[figure]));
  const rows = Object.keys(samples).map((kind) => [
    kind,
    of(kind, "rowsPerSecond").toFixed(3),
    (of(kind, "peakMemory") / 1e9).toFixed(2),
  ]);
  const share = (figure) => (of("with", figure) / of("without", figure)).toFixed(3);
  rows.push(["with / without", share("rowsPerSecond"), share("peakMemory")]);
  process.stdout.write(terminalTable([["checkpoints", "rows/s", "peak GB"], ...rows]));
});
