// A service as its developer would write it, for SECONDS (0: as short as it gets):
// node --expose-gc service.mjs MODEL SECONDS
// Callers ask one model slot without a pause, some with signals, one with large calls, one with very long texts. Beside them
// a training is cancelled, begun again and swapped in, over and over. Reports what came of every request: answered by which
// model, aborted, or lost; and the growth of the resident set after the first fifth, in megabytes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { Classifier, ModelSlot, Trainer } from "../../../dist/index.js";
import { report } from "./work.mjs";

const [first, seconds] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "tagformer-service-"));
const output = join(folder, "model");
const words = ["my", "parcel", "is", "late", "refund", "please", "login", "thanks"];
const texts = Array.from({ length: 200 }, (_, i) =>
  Array.from({ length: 2 + (i % 5) }, (_, j) => words[(i * 3 + j * 5) % words.length]).join(" "),
);
const dataset = {
  source: "service",
  texts,
  labelNames: ["delivery", "money", "access"],
  labels: Float32Array.from({ length: 600 }, (_, i) =>
    Number(texts[Math.floor(i / 3)].includes(["parcel", "refund", "login"][i % 3])),
  ),
};

/** What each model that ever served says about the texts, as strings that are compared. */
const answersOf = [];
const counts = { answered: 0, aborted: 0, lost: 0, mixed: 0, swaps: 0, cancelled: 0 };
const errors = [];
const started = performance.now();
const isOver = () => performance.now() - started > Number(seconds) * 1000 && counts.swaps >= 2;

const asString = ({ scores, labels }) => JSON.stringify([scores, labels]);

/** Notes what a model says before it serves. */
async function learn(directory) {
  const classifier = await Classifier.load(directory, { threads: 1 });
  const predictions = await classifier.predict(texts);
  answersOf.push(new Map(predictions.map((one, i) => [texts[i], asString(one)])));
  await classifier.close();
}

const isOfOneModel = (asked, predictions) =>
  answersOf.some((answers) => predictions.every((one, i) => answers.get(asked[i]) === asString(one)));

async function ask(slot, asked, signal) {
  try {
    const predictions = await slot.predict(asked, signal ? { signal } : {});
    if (predictions.length !== asked.length) counts.lost++;
    else if (!isOfOneModel(asked, predictions)) counts.mixed++;
    else counts.answered++;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) counts.aborted++;
    else {
      counts.lost++;
      errors.push(String(error?.stack ?? error));
    }
  }
}

async function smallCaller(slot, number) {
  for (let i = number; !isOver(); i++) {
    const controller = i % 7 === 0 ? new AbortController() : undefined;
    const asking = ask(slot, [texts[i % texts.length]], controller?.signal);
    if (i % 14 === 0) controller.abort(new Error("gone"));
    await asking;
    await setImmediate();
  }
}

async function largeCaller(slot) {
  for (; !isOver(); await sleep(5))
    await ask(
      slot,
      Array.from({ length: 2000 }, (_, i) => texts[i % texts.length]),
    );
}

async function longCaller(slot) {
  const long = "my parcel is late ".repeat(40_000);
  for (; !isOver(); await sleep(20)) {
    const { tokens } = await slot.predict(long);
    if (tokens.cut === 0) counts.lost++;
  }
}

/** Trains beside the service: each run is cancelled once, begun again, and its model takes the place of the old one. */
async function trainer(slot) {
  for (let seed = 1; !isOver(); seed++) {
    const run = {
      model: first,
      train: dataset,
      output,
      seed,
      preset: "plain",
      epochs: 1,
      batchSize: 16,
      learningRate: 5e-3,
      threads: 1,
      report: false,
    };
    const controller = new AbortController();
    for await (const { type } of new Trainer(run).events({ signal: controller.signal })) {
      if (type === "step") controller.abort(new Error("not now"));
    }
    counts.cancelled++;
    await new Trainer({ ...run, overwrite: true }).train();
    await learn(output);
    await slot.replace(output, { threads: 1 });
    counts.swaps++;
  }
}

const growth = { start: 0, samples: 0 };
async function watchMemory() {
  const from = (Number(seconds) * 1000) / 5;
  for (; !isOver(); await sleep(500)) {
    if (growth.start === 0 && performance.now() - started > from) {
      globalThis.gc();
      growth.start = process.memoryUsage.rss();
    }
  }
}

await learn(first);
const slot = await ModelSlot.load(first, { threads: 1 });
try {
  await Promise.all([
    trainer(slot),
    largeCaller(slot),
    longCaller(slot),
    watchMemory(),
    ...Array.from({ length: 16 }, (_, i) => smallCaller(slot, i)),
  ]);
  const { pending } = slot.current;
  globalThis.gc();
  const grown = growth.start === 0 ? 0 : (process.memoryUsage.rss() - growth.start) / 1e6;
  report({
    counts,
    errors: errors.slice(0, 3),
    pending: { rows: pending.rows, tokens: pending.tokens },
    grown,
  });
  await slot.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
