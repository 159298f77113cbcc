// A job that is asked to stop in its middle, as happens when its thread of Node.js ends.
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { CallOptions } from "../../src/base/cancel.js";
import { findBuiltAddon } from "../../src/install/built-addon.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import { temporaryFolder } from "../parity/models.js";
import { testDevice } from "../test-device.js";
import {
  weightsOf as allWeightsOf,
  batchOf,
  config,
  freshModel,
  labels,
  training,
  weightsDifference,
} from "./tiny-bert.js";

/** The add-on's own session: `NativeModel` lets nobody stop a training step. */
interface Session {
  load(spec: object, job: number): Promise<unknown>;
  startTraining(options: object): Promise<void>;
  trainStep(batches: readonly object[], job: number): Promise<unknown>;
  parameter(name: string): Promise<Float32Array>;
  save(file: string): Promise<void>;
  interrupt(): void;
  dispose(): Promise<void>;
}

const names = ["bert.embeddings.word_embeddings.weight", "classifier.weight"] as const;
const tries = 8;
const spec = { config, labels, tensors: [], seed: 1, precision: "fp32", device: testDevice };
const batches = [batchOf(60), batchOf(60, 2)];

async function openSession(): Promise<Session> {
  await (await freshModel()).dispose(); // opens the add-on without holding up the event loop
  const addon = createRequire(import.meta.url)(findBuiltAddon()!.file);
  const session = new addon.Session({ threads: 2, cores: 2 }) as Session;
  await session.load(spec, 0);
  await session.startTraining(training);
  return session;
}

const weightsOf = (model: { parameter(name: string): Promise<Float32Array> }) =>
  Promise.all(names.map((name) => model.parameter(name)));

it("a training step that is stopped changes all weights or none, and nothing is saved after it", async () => {
  await using whole = await freshModel();
  const before = await weightsOf(whole);
  const run = await whole.startTraining(training);
  const started = performance.now();
  await run.step(batches);
  const duration = performance.now() - started;
  const after = await weightsOf(whole);

  let stopped = 0;
  for (let i = 0; i < tries; i++) {
    const session = await openSession();
    const step = session.trainStep(batches, 0).then(
      () => after,
      (error) => {
        expect(error).toMatchObject({ code: "DISPOSED" });
        stopped++;
        return before;
      },
    );
    await sleep((duration * i) / tries);
    session.interrupt();
    const expected = await step;
    expect(await weightsOf(session)).toEqual(expected);
    const file = join(temporaryFolder(), "model.safetensors");
    await expect(session.save(file)).rejects.toMatchObject({ code: "DISPOSED" });
    await session.dispose();
  }
  expect(stopped).toBeGreaterThan(0);
});

/** Calls that take a while; `file` is one to write. */
const longCalls: Record<
  string,
  (model: NativeModel, run: NativeTraining, file: string, options: CallOptions) => Promise<unknown>
> = {
  predict: (model, _, __, options) => model.predict(batchOf(1500), options),
  attribute: (model, _, __, options) => {
    const { ids, offsets } = batchOf(1, 4);
    const request = { ids, offsets, baseline: new Int32Array(ids.length), label: 0, tolerance: 1e-12 };
    return model.attribute({ ...request, maxGradients: 100 }, options);
  },
  trainStep: (_, run, __, options) => run.step(batches, options),
  save: (model, _, file, options) => model.save(file, options),
  exportTorchScript: (model, _, file, options) => model.exportTorchScript(file, {}, options),
};

it.each(Object.keys(longCalls))("%s ends in its middle with the reason of its signal", async (name) => {
  const call = longCalls[name]!;
  await using model = await freshModel({ config: { ...config, vocab_size: 200_000 } });
  const run = await model.startTraining(training);
  const file = join(temporaryFolder(), "written");
  const started = performance.now();
  await call(model, run, file, {});
  let wait = (performance.now() - started) / 4;

  let stopped = false;
  for (let i = 0; i < tries && !stopped; i++, wait /= 2) {
    const weights = await allWeightsOf(model);
    const logits = await model.predict(batchOf(3));
    const controller = new AbortController();
    const calling = call(model, run, file, { signal: controller.signal });
    const ending = calling.then(
      () => false,
      (error) => error === controller.signal.reason,
    );
    const next = model.predict(batchOf(3)); // waits, and is not meant
    await sleep(wait);
    controller.abort(new Error("enough"));
    stopped = await ending; // not when it was done before that: then sooner
    if (!stopped) continue;
    expect(await next).toEqual(logits);
    expect(weightsDifference(weights, await allWeightsOf(model))).toBe(0);
  }
  expect(stopped).toBe(true);
});

it.each(Object.keys(longCalls))("%s ends in its middle when its model is disposed of", async (name) => {
  const call = longCalls[name]!;
  const file = join(temporaryFolder(), "written");
  let wait = 0;
  let outcome = "";
  for (let i = 0; i < tries && !outcome.includes("while the call was running"); i++, wait /= 2) {
    const model = await freshModel({ config: { ...config, vocab_size: 200_000 } });
    const run = await model.startTraining(training);
    if (i === 0) {
      const started = performance.now();
      await call(model, run, file, {});
      wait = (performance.now() - started) / 2;
    }
    const ending = call(model, run, file, {}).then(() => "done", String);
    await sleep(wait);
    await model.dispose();
    outcome = await ending;
  }
  expect(outcome).toContain("the model was stopped while the call was running");
});

it("a load that is given up rejects with the signal's reason, and ends early", async () => {
  const controller = new AbortController();
  // Would fill 2 GB.
  const large = { ...config, vocab_size: 10_000_000 };
  const loading = NativeModel.load(
    { ...spec, precision: "fp32", config: large, threads: 1 },
    { signal: controller.signal },
  );
  await sleep(20);
  controller.abort(new Error("enough"));
  await expect(loading).rejects.toThrow("enough");
  await expect(
    NativeModel.load({ ...spec, precision: "fp32", threads: 1 }, { signal: controller.signal }),
  ).rejects.toThrow("enough");
});
