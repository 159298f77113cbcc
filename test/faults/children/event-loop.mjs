// How long the event loop stands still while a model is made, trained, saved, loaded and asked:
// node event-loop.mjs SIZE TOKENS
// Reports for each part, in milliseconds, the longest delay that perf_hooks sees, and the longest time that the thread held
// the loop up itself: without the time in which it was ready to go on and the system ran something else. Neither counts
// the time in which a virtual machine was not run at all, "steal" in proc_stat(5). `piece` is how long a fixed piece of
// JavaScript takes on this machine, by the same measure.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { Classifier, Trainer } from "../../../dist/index.js";
import { smallBert } from "../../fixtures/bert.mjs";
import { report } from "./work.mjs";

const sizes = {
  small: { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 128 },
  base: { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
};
const [size, tokens] = process.argv.slice(2);
const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
for (let i = vocabulary.length; i < Number(tokens); i++) vocabulary.push(`w${i.toString(36)}`);

/** Milliseconds between two looks at the clock, which are no delay. */
const resolution = 1;
const schedule = `/proc/self/task/${process.pid}/schedstat`; // of the main thread; Linux
const delays = {};
const held = {};

/** Milliseconds that the thread has spent ready to run, but not running. */
function waited() {
  return existsSync(schedule) ? Number(readFileSync(schedule, "utf8").split(" ")[1]) / 1e6 : 0;
}

/** Milliseconds for which each processor was taken away from this machine; the kernel counts in hundredths of a second. */
function stolen() {
  if (!existsSync("/proc/stat")) return [0];
  const processors = readFileSync("/proc/stat", "utf8").match(/^cpu\d.*/gm);
  return processors.map((line) => Number(line.split(" ")[8]) * 10);
}

/** The most that was taken of one processor between two looks. */
const stolenBetween = (before, after) => Math.max(...after.stolen.map((time, i) => time - before.stolen[i]));

async function watch(part, work) {
  const histogram = monitorEventLoopDelay({ resolution });
  delays[part] = 0;
  held[part] = 0;
  let looks = [];
  const clock = setInterval(() => {
    const delay = histogram.max / 1e6;
    looks.push({ time: performance.now(), waited: waited(), stolen: stolen(), delay });
    if (looks.length < 4) return;
    // perf_hooks and the kernel may count what happened between two turns a turn sooner or later.
    const [before, from, to, after] = looks;
    const taken = stolenBetween(before, after);
    delays[part] = Math.max(delays[part], to.delay - resolution - taken);
    held[part] = Math.max(held[part], to.time - from.time - (to.waited - from.waited) - resolution - taken);
    looks.shift();
    if (taken === 0) return;
    histogram.reset(); // of what was taken
    looks = [];
  }, resolution);
  histogram.enable();
  await sleep(20);
  const result = await work();
  await sleep(20);
  histogram.disable();
  clearInterval(clock);
  return result;
}

/** Sorts 30,000 numbers a few times: about ten milliseconds on one core of a server of 2023. */
function timePiece() {
  const numbers = Float64Array.from({ length: 30_000 }, (_, i) => (i * 7919) % 104_729);
  const times = Array.from({ length: 5 }, () => {
    const [started, waitedBefore] = [performance.now(), waited()];
    for (let i = 0; i < 4; i++) numbers.slice().sort();
    return performance.now() - started - (waited() - waitedBefore);
  });
  return times.sort((a, b) => a - b)[2];
}

function datasetOf(rows) {
  const texts = Array.from({ length: rows }, (_, row) =>
    Array.from(
      { length: 8 + (row % 9) },
      (_, i) => vocabulary[5 + ((row * 7919 + i * 104_729) % (vocabulary.length - 5))],
    ).join(" "),
  );
  const labels = Float32Array.from({ length: rows * 6 }, (_, i) => (i % 7 === 0 ? 1 : 0));
  return { source: "words", texts, labels, labelNames: ["a", "b", "c", "d", "e", "f"] };
}

const pieceBefore = timePiece();
const directory = mkdtempSync(join(tmpdir(), "tagformer-event-loop-"));
try {
  const source = join(directory, "source");
  const output = join(directory, "model");
  mkdirSync(source);
  const config = {
    ...smallBert,
    vocab_size: vocabulary.length,
    max_position_embeddings: 128,
    ...sizes[size],
  };
  writeFileSync(join(source, "config.json"), JSON.stringify(config));
  writeFileSync(join(source, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  const [training, validation] = [datasetOf(64), datasetOf(32)];
  await watch("training", async () => {
    const run = {
      config: join(source, "config.json"),
      train: training,
      validation,
      output,
      epochs: 1,
      batchSize: 16,
    };
    for await (const _ of new Trainer(run));
  });
  const classifier = await watch("loading", () => Classifier.load(output));
  const { texts } = datasetOf(size === "base" ? 500 : 5000);
  await watch("predicting", () => classifier.predict(texts));
  await watch("many calls", async () => {
    const calls = [];
    for (let i = 0; i < 2000; i++) {
      calls.push(classifier.predict(texts[i % texts.length]));
      if (i % 100 === 99) await setImmediate(); // as many requests of others come
    }
    await Promise.all(calls);
  });
  await watch("evaluating", () => classifier.evaluate(datasetOf(200)));
  await watch("disposing", () => classifier.dispose());
  report({ delays, held, piece: Math.max(pieceBefore, timePiece()) });
} finally {
  rmSync(directory, { recursive: true });
}
