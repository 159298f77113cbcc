// How soon a running job of a model of BERT-base's size ends when it is asked to; a few minutes on two cores, where nothing
// else runs.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CallOptions } from "../../src/base/cancel.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import { plainTraining, smallBert } from "../fixtures/bert.mjs";
import { randomBatch } from "../parity/models.js";

const folder = mkdtempSync(join(tmpdir(), "tagformer-stopping-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = {
  ...smallBert,
  vocab_size: 30_522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  max_position_embeddings: 512,
};
const labels = 6;
const spec = { config, labels, tensors: [], seed: 1, precision: "fp32", threads: 0 } as const;
const batch = randomBatch(Array(16).fill(128), { vocabulary: config.vocab_size, labels, seed: 1 });
const text = randomBatch([128], { vocabulary: config.vocab_size, labels, seed: 2 });
const question = { ...text, baseline: new Int32Array(128), label: 0, tolerance: 1e-9, maxGradients: 100 };
/** A new one each time, as in the directory that Classifier.save() makes: nothing old has to be cut first. */
function newFile(): string {
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  return join(folder, "model");
}
/** Moments at which a job is asked to end, as shares of the time that it takes. */
const moments = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95];

let model: NativeModel;
let training: NativeTraining;
beforeAll(async () => {
  model = await NativeModel.load(spec);
  training = await model.startTraining(plainTraining);
}, 300_000);
afterAll(() => model.dispose());

const jobs: Record<string, (options: CallOptions) => Promise<unknown>> = {
  load: (options) => NativeModel.load(spec, options).then((other) => other.dispose()),
  predict: (options) => model.predict(batch, options),
  attribute: (options) => model.attribute(question, options),
  "training step": (options) => training.step([batch], options),
  save: (options) => model.save(newFile(), options),
  export: (options) => model.exportTorchScript(newFile(), {}, options),
};

it.each(Object.keys(jobs))("%s ends within 100 ms", async (name) => {
  const job = jobs[name]!;
  await job({}); // the first one is slower, and would put the moments after the end of the next ones
  const started = performance.now();
  await job({});
  const duration = performance.now() - started;
  const delays: (number | null)[] = [];
  for (const moment of moments) {
    const controller = new AbortController();
    const ending = job({ signal: controller.signal }).then(
      () => false,
      () => true,
    );
    await sleep(duration * moment);
    const asked = performance.now();
    controller.abort();
    // A job that was nearly done may have ended by itself.
    delays.push((await ending) ? Math.round(performance.now() - asked) : null);
  }
  console.log({ name, duration: Math.round(duration), delays });
  expect(Math.max(...delays.map((delay) => delay ?? 0))).toBeLessThan(100);
});
