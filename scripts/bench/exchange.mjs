// node scripts/bench/exchange.mjs [--processes 2] [--steps 5] [--threads 1] [--layers 12] [--tokens 32] [--ordered]
// [--pin]: what the exchange of gradients costs on this machine's loopback: a fresh BERT-base is trained in several processes, on steps
// of 32 rows of so many tokens. With --pin each process has one core (taskset); two of them are measured against --processes 1 --threads 2.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { NativeGroup } from "../../dist/native/group.js";
import { NativeModel } from "../../dist/native/model.js";
import { plainTraining } from "../../test/fixtures/bert.mjs";
import { main } from "../steps.mjs";
import { describeMachine, warnIfBusy } from "./machine.mjs";
import { median } from "./statistics.mjs";

const { values } = parseArgs({
  options: {
    processes: { type: "string", default: "2" },
    steps: { type: "string", default: "5" },
    threads: { type: "string", default: "1" },
    layers: { type: "string", default: "12" },
    /** Of each row. */
    tokens: { type: "string", default: "32" },
    ordered: { type: "boolean", default: false },
    pin: { type: "boolean", default: false },
    /** Of a child: its rank, and where the others are. */
    rank: { type: "string" },
    file: { type: "string" },
  },
});
const size = Number(values.processes);
const rows = 32;
const rowLength = Number(values.tokens);
const config = {
  model_type: "bert",
  vocab_size: 30_522,
  hidden_size: 768,
  num_hidden_layers: Number(values.layers),
  num_attention_heads: 12,
  intermediate_size: 3072,
};

await main(values.rank === undefined ? measure : child);

async function measure() {
  warnIfBusy(describeMachine());
  const folder = mkdtempSync(join(tmpdir(), "tagformer-exchange-"));
  const own = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const children = Array.from({ length: size }, (_, rank) => {
    const place = ["--rank", String(rank), "--file", join(folder, "meeting")];
    const [command, ...words] = [...(values.pin ? ["taskset", "-c", String(rank)] : []), ...own, ...place];
    return spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
  });
  const answers = await Promise.all(
    children.map(async (process) => {
      const [output, [status]] = await Promise.all([text(process.stdout), once(process, "close")]);
      if (status !== 0) throw new Error(`a process ended with ${status}`);
      return JSON.parse(output);
    }),
  );
  rmSync(folder, { recursive: true });
  const [{ megabytes, exchange, step }] = answers;
  console.log(
    JSON.stringify(
      {
        machine: describeMachine(),
        processes: size,
        threads: Number(values.threads),
        tokens: rows * rowLength,
        ordered: values.ordered,
        pinned: values.pin,
        megabytes,
        exchangeSeconds: exchange,
        megabytesPerSecond: megabytes / exchange,
        stepSeconds: step,
        shareOfStep: exchange / step,
      },
      null,
      2,
    ),
  );
}

/** Trains as one of the processes, and tells the medians of its steps after the first. */
async function child() {
  const rank = Number(values.rank);
  const group = await NativeGroup.open();
  const place = { rank, size, file: values.file, host: "", port: 0, serves: false, address: "127.0.0.1" };
  await group.meet({ ...place, interfaces: "", timeout: 600_000, name: `process ${rank}` }, "{}", {});
  await group.connect({});
  const spec = { config, labels: 6, tensors: [], seed: 1, precision: "fp32", device: "cpu", training: true };
  const model = await NativeModel.load({ ...spec, threads: Number(values.threads) });
  const training = await model.startTraining({ ...plainTraining, ordered: values.ordered }, group.session);
  const own = rows / size;
  const batch = {
    ids: Int32Array.from(
      { length: own * rowLength },
      (_, i) => (i * 7919 + rank * 104_729) % config.vocab_size,
    ),
    offsets: Int32Array.from({ length: own + 1 }, (_, i) => i * rowLength),
    labels: Float32Array.from({ length: own * 6 }, (_, i) => i % 2),
  };
  const share = { labelled: rows * 6, firstMicroBatch: rank, allMicroBatches: size, stop: false };
  const [steps, exchanges] = [[], []];
  let before = await group.statistics();
  for (let i = 0; i <= Number(values.steps); i++) {
    const started = performance.now();
    await training.step([batch], { share });
    const after = await group.statistics();
    steps.push((performance.now() - started) / 1000);
    exchanges.push({ seconds: after.seconds - before.seconds, bytes: after.bytes - before.bytes });
    before = after;
  }
  const later = exchanges.slice(1);
  const exchange = median(later.map(({ seconds }) => seconds));
  const answer = { megabytes: later[0].bytes / 1e6, exchange, step: median(steps.slice(1)) };
  await group.leave("");
  await model.dispose();
  process.stdout.write(JSON.stringify(answer));
}
