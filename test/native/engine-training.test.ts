// One training step, taken apart: missing labels, micro-batches, schedule, clipping, decay, precision, overflow.
import { describe, expect, it } from "vitest";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import {
  batchOf,
  freshModel,
  gradientsOf,
  labels,
  rowsOf,
  start,
  takeSteps,
  train,
  training,
  weightsDifference,
  weightsOf,
} from "./tiny-bert.js";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** With these options an update is `learningRate * g / (|g| + epsilon)`: as exact as the gradient g itself. */
const plain: Partial<NativeTrainingOptions> = {
  learningRate: 0.1,
  weightDecay: 0,
  beta1: 0,
  beta2: 0,
  epsilon: 1,
  maxGradientNorm: 0,
  dropout: false,
};

const gradients = async (model: NativeModel, batch: LabelledBatch) =>
  await gradientsOf(model, await start(model), batch);

const norm = (tensors: ReadonlyMap<string, Float32Array>) =>
  Math.sqrt([...tensors.values()].reduce((sum, values) => sum + values.reduce((s, x) => s + x * x, 0), 0));

describe("missing labels", () => {
  it("are left out of the loss: the mean is over those that are there", async () => {
    await using model = await freshModel();
    const batch = batchOf(30);
    const logits = await model.predict(batch);
    const terms = [...batch.labels].flatMap((target, i) => {
      const p = sigmoid(logits[i]!);
      return Number.isNaN(target) ? [] : -(target * Math.log(p) + (1 - target) * Math.log(1 - p));
    });
    expect(terms.length).toBeLessThan(batch.labels.length);
    const mean = terms.reduce((a, b) => a + b, 0) / terms.length;
    expect(await (await start(model)).computeGradients(batch)).toBeCloseTo(mean, 6);
  });

  it("give no gradient: like a target that the model meets exactly, but for the mean", async () => {
    await using model = await freshModel();
    const batch = batchOf(30);
    const logits = await model.predict(batch);
    const met = batch.labels.map((target, i) => (Number.isNaN(target) ? sigmoid(logits[i]!) : target));
    const there = batch.labels.filter((target) => !Number.isNaN(target)).length;
    const expected = await gradients(model, { ...batch, labels: met });
    for (const values of expected.values()) {
      for (let i = 0; i < values.length; i++) values[i]! *= batch.labels.length / there;
    }
    expect(weightsDifference(await gradients(model, batch), expected)).toBeLessThanOrEqual(1e-7);
  });

  it("of a whole row make it as if it were not there", async () => {
    await using model = await freshModel();
    const batch = batchOf(6);
    batch.labels.fill(Number.NaN, 2 * labels, 4 * labels);
    const without = await gradients(model, rowsOf(batch, [0, 1, 4, 5]));
    expect(weightsDifference(await gradients(model, batch), without)).toBeLessThanOrEqual(1e-7);
  });

  it("everywhere are refused, and the run goes on", async () => {
    await using model = await freshModel();
    const run = await model.startTraining(training);
    const batch = batchOf(4);
    const nothing = { ...batch, labels: new Float32Array(4 * labels).fill(Number.NaN) };
    const before = await weightsOf(model);
    await expect(run.step([nothing])).rejects.toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringMatching(/no row of the batch has a label/),
    });
    expect(await weightsOf(model)).toEqual(before);
    expect(await run.step([nothing, batch])).toMatchObject({ step: 1, applied: true });
  });
});

describe("micro-batches", () => {
  it.each([2, 5, 12])("%i of them make the step that one batch makes", async (count) => {
    const batch = batchOf(12);
    // Unevenly missing: the first rows have one label in three, the others all.
    for (let i = 0; i < 4 * labels; i++) if (i % labels > 0) batch.labels[i] = Number.NaN;
    const rows = Array.from({ length: 12 }, (_, row) => row);
    const parts = Array.from({ length: count }, (_, part) =>
      rowsOf(
        batch,
        rows.filter((row) => Math.floor((row * count) / 12) === part),
      ),
    );
    await using whole = await freshModel();
    await using split = await freshModel();
    const expected = await (await start(whole, plain)).step([batch]);
    const found = await (await start(split, plain)).step(parts);
    expect(found.loss).toBeCloseTo(expected.loss, 6);
    expect(found.gradientNorm).toBeCloseTo(expected.gradientNorm, 5);
    expect(weightsDifference(await weightsOf(split), await weightsOf(whole))).toBeLessThanOrEqual(1e-6);
  });
});

describe("the learning rate", () => {
  it.each([
    ["linear", [0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0]],
    ["constant", [0, 0.5, 1, 1, 1, 1, 1, 1]],
  ] as const)("warms up, then follows the %s schedule", async (schedule, expected) => {
    await using model = await freshModel();
    const options = { learningRate: 1, schedule, warmupSteps: 2, totalSteps: 6 } as const;
    const run = await start(model, { ...plain, ...options });
    const rates: number[] = [];
    for (let i = 0; i < expected.length; i++) {
      const step = await run.step([batchOf(2)]);
      expect(step.step).toBe(i + 1);
      rates.push(step.learningRate);
    }
    expect(rates).toEqual(expected);
  });
});

describe("an update", () => {
  it("reports the gradient's norm and scales it down to the limit", async () => {
    await using model = await freshModel();
    const batch = batchOf(10);
    const gradient = await gradients(model, batch);
    const length = norm(gradient);
    const limit = length / 3;
    const before = await weightsOf(model);
    const run = await start(model, { ...plain, maxGradientNorm: limit });
    const step = await run.step([batch]);
    expect(step.gradientNorm / length).toBeCloseTo(1, 5);
    const expected = new Map(
      [...before].map(([name, values]) => [
        name,
        values.map((value, i) => {
          const g = gradient.get(name)![i]! / 3;
          return value - (0.1 * g) / (Math.abs(g) + 1);
        }),
      ]),
    );
    expect(weightsDifference(await weightsOf(model), expected)).toBeLessThanOrEqual(1e-6);
  });

  it("decays matrices and tables, but neither biases nor LayerNorm", async () => {
    await using model = await freshModel();
    const before = await weightsOf(model);
    // An epsilon so large that the gradient moves nothing.
    await train(model, [batchOf(4)], { learningRate: 0.1, weightDecay: 0.5, epsilon: 1e12 });
    const after = await weightsOf(model);
    for (const [name, values] of before) {
      const factor = /bias$|LayerNorm/.test(name) ? 1 : 0.95;
      const expected = new Map([[name, values.map((value) => value * factor)]]);
      expect(weightsDifference(expected, after), name).toBeLessThanOrEqual(1e-6);
    }
  });

  it("that overflows is not applied", async () => {
    await using model = await freshModel();
    const batch = batchOf(8);
    const run = await start(model, { learningRate: 1e30, maxGradientNorm: 0 });
    const [first] = await takeSteps(run, [batch]);
    expect(first).toBeGreaterThan(0);
    const before = await weightsOf(model);
    const step = await run.step([batch]);
    expect(Number.isFinite(step.loss) && Number.isFinite(step.gradientNorm)).toBe(false);
    expect(step).toMatchObject({ step: 2, applied: false });
    expect(await weightsOf(model)).toEqual(before);
  });
});

describe("bf16", () => {
  it("lowers the loss as fp32 does", async () => {
    const batches = Array.from({ length: 30 }, () => batchOf(8));
    const losses = [];
    for (const precision of ["fp32", "bf16"] as const) {
      await using model = await freshModel({ precision });
      losses.push(await train(model, batches, { dropout: false }));
    }
    const [fp32, bf16] = losses as [number[], number[]];
    expect(bf16.at(-1)).toBeLessThan(bf16[0]! / 2);
    expect(Math.max(...fp32.map((loss, i) => Math.abs(loss - bf16[i]!)))).toBeLessThan(0.02);
  });
});
