// The engine on a device against the engine over its CPU kernels: the same logits, gradients, training and files.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { readSafetensors } from "../../src/model/safetensors.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeModelSpec } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import {
  largestDifference,
  training as plainTraining,
  randomBatch,
  temporaryFolder,
} from "../parity/models.js";
import { draws } from "../parity/random-configs.js";
import { devices } from "./devices.js";
import {
  batchOf,
  config,
  freshModel,
  gradientsOf,
  labels,
  start,
  takeSteps,
  train,
  weightsDifference,
  weightsOf,
} from "./tiny-bert.js";

/** Largest difference of two runs' weights after a step or more; AdamW makes much of the roundings of small gradients. */
const close = 2e-5;

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

/** The largest relative difference of a gradient, where there is one to be relative to. */
function relativeDifference(
  a: ReadonlyMap<string, Float32Array>,
  b: ReadonlyMap<string, Float32Array>,
): number {
  const whole = Math.hypot(...Array.from(b.values(), norm));
  const differences = [...b].map(([name, values]) => {
    const difference = norm(values.map((x, i) => x - a.get(name)![i]!));
    return difference / (norm(values) < 1e-6 * whole ? whole : norm(values));
  });
  return Math.max(...differences);
}

describe.each(devices)("on $name", ({ absence, spec }) => {
  const onDevice = it.skipIf(absence !== null);
  const there = (changes: Partial<NativeModelSpec> = {}) => freshModel({ ...spec, ...changes });

  onDevice.each(Object.keys(draws))(
    "%s has the logits, gradients and losses of the kernels",
    async (modelType) => {
      const random = generator(7, modelType);
      const { config, labels, vocabulary, types, maxLength } = draws[modelType]!(random);
      const model = {
        config: { ...config, initializer_range: 0.3 },
        labels,
        tensors: [],
        seed: 4,
        precision: "fp32",
        threads: 1,
      } as const;
      await using ours = await NativeModel.load({ ...model, ...spec });
      await using kernels = await NativeModel.load(model);
      const longest = Math.min(maxLength, 60);
      const lengths = [longest, 1, ...Array.from({ length: 6 }, () => 1 + random.below(longest))];
      const batch = randomBatch(lengths, { vocabulary, labels, types, seed: 5 });
      const expected = await kernels.predict(batch);
      const bound = 1e-5 * Math.max(1, ...expected.map(Math.abs)); // roundings grow with the logits
      expect(largestDifference(await ours.predict(batch), expected)).toBeLessThan(bound);
      const [run, kernelRun] = [await start(ours), await start(kernels)];
      expect(await run.computeGradients(batch)).toBeCloseTo(await kernelRun.computeGradients(batch), 5);
      const gradients = await gradientsOf(ours, run, batch);
      expect(relativeDifference(gradients, await gradientsOf(kernels, kernelRun, batch))).toBeLessThan(1e-4);
      const losses = [];
      for (const one of [ours, kernels]) {
        const steps = Array.from({ length: 20 }, () => batch);
        losses.push(await train(one, steps, plainTraining));
      }
      expect(largestDifference(losses[0]!, losses[1]!)).toBeLessThan(1e-4);
    },
  );

  onDevice("the device is told", async () => {
    await using model = await there();
    expect(model.info).toMatchObject({
      device: spec.device === "cuda" ? "cuda:0" : "cpu",
      deviceNote: "",
    });
  });

  onDevice.each<[string, LabelledBatch[], object]>([
    ["micro-batches", [batchOf(5), batchOf(7, 2)], {}],
    ["weights of rows", [{ ...batchOf(6), weights: Float32Array.of(1, 2, 0, 0.5, 1, 3) }], {}],
    ["windows", [{ ...batchOf(6), labels: batchOf(3).labels, texts: Int32Array.of(0, 1, 4, 6) }], {}],
    [
      "the mean of windows",
      [{ ...batchOf(6), labels: batchOf(3).labels, texts: Int32Array.of(0, 1, 4, 6) }],
      { meanOfWindows: true },
    ],
    [
      "another loss",
      [batchOf(6)],
      {
        loss: {
          positiveFocus: 1,
          negativeFocus: 2,
          margin: 0.05,
          negativeWeight: 0.5,
          smoothing: 0.1,
          positiveWeights: Float32Array.of(1, 2, 3),
        },
      },
    ],
    ["epsilon before the correction", [batchOf(6)], { epsilonBeforeCorrection: true, epsilon: 1e-3 }],
    ["clipping", [batchOf(6)], { maxGradientNorm: 0.05 }],
    ["no clipping", [batchOf(6)], { maxGradientNorm: 0 }],
    [
      "frozen and slow parameters",
      [batchOf(6)],
      { rates: { "bert.embeddings.word_embeddings.weight": 0, "classifier.weight": 0.5 } },
    ],
  ])("trains with %s as the kernels do", async (_, batches, options) => {
    await using ours = await there();
    await using kernels = await freshModel();
    const settings = { dropout: false, epsilon: 1e-4, ...options };
    const [run, kernelRun] = [await start(ours, settings), await start(kernels, settings)];
    for (let step = 0; step < 3; step++) {
      const [found, expected] = [await run.step(batches), await kernelRun.step(batches)];
      expect(found.loss).toBeCloseTo(expected.loss, 5);
      expect(found.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 4);
      expect(found).toMatchObject({ step: step + 1, applied: true, learningRate: expected.learningRate });
    }
    expect(weightsDifference(await weightsOf(ours), await weightsOf(kernels))).toBeLessThan(close);
  });

  onDevice("trains in bf16, with fp32 master weights", async () => {
    const losses = [];
    for (const precision of ["fp32", "bf16"] as const) {
      await using model = await there({ precision });
      losses.push(
        await train(
          model,
          Array.from({ length: 30 }, () => batchOf(8)),
          { dropout: false },
        ),
      );
    }
    const [fp32, bf16] = losses as [number[], number[]];
    expect(bf16.at(-1)).toBeLessThan(bf16[0]! / 2);
    expect(largestDifference(fp32, bf16)).toBeLessThan(0.02);
  });

  onDevice("a step that overflows is not applied, and the next one counts from it", async () => {
    await using model = await there();
    const run = await start(model, { learningRate: 1e30, maxGradientNorm: 0 });
    const [first] = await takeSteps(run, [batchOf(8)]);
    expect(first).toBeGreaterThan(0);
    const before = await weightsOf(model);
    for (let i = 0; i < 2; i++) {
      const step = await run.step([batchOf(8)]);
      expect(Number.isFinite(step.loss) && Number.isFinite(step.gradientNorm)).toBe(false);
      expect(step).toMatchObject({ step: 2, applied: false });
    }
    expect(await weightsOf(model)).toEqual(before);
  });

  onDevice("two runs of one seed are the same bit for bit, dropout included", async () => {
    const runs = [];
    for (let run = 0; run < 2; run++) {
      await using model = await there();
      const losses = await train(model, [batchOf(8), batchOf(5, 2), batchOf(6, 3)]);
      runs.push({ losses, weights: await weightsOf(model) });
    }
    expect(runs[1]).toEqual(runs[0]);
    await using other = await there();
    const losses = await train(other, [batchOf(8), batchOf(5, 2), batchOf(6, 3)], { seed: 2 });
    expect(losses).not.toEqual(runs[0]!.losses);
  });

  onDevice("two models at once disturb neither the other's numbers nor its dropout", async () => {
    const batches = Array.from({ length: 4 }, (_, i) => batchOf(6, i));
    const alone: number[][] = [];
    for (const seed of [1, 2]) {
      await using model = await there();
      alone.push(await train(model, batches, { seed }));
    }
    await using first = await there();
    await using second = await there();
    const together = await Promise.all([
      train(first, batches, { seed: 1 }),
      train(second, batches, { seed: 2 }),
    ]);
    expect(together).toEqual(alone);
  });

  onDevice("what it saves and exports is what the CPU computes with", async () => {
    await using model = await there();
    await train(model, [batchOf(8)]);
    const logits = await model.predict(batchOf(8));
    const file = join(temporaryFolder(), "model.safetensors");
    await model.save(file);
    await using loaded = await freshModel({
      config,
      labels,
      tensors: await readSafetensors(file),
      device: "cpu",
    });
    expect(largestDifference(await loaded.predict(batchOf(8)), logits)).toBeLessThan(1e-5);
    const exported = await model.exportTorchScript(join(temporaryFolder(), "model.pt"));
    expect(exported.difference).toBeLessThan(1e-5);
    expect(await model.predict(batchOf(8))).toEqual(logits);
  });

  onDevice("explains as the kernels do", async () => {
    const { ids } = batchOf(1);
    const request = {
      ids,
      offsets: Int32Array.of(0, ids.length),
      baseline: new Int32Array(ids.length),
      label: 1,
      tolerance: 1e-3,
      maxGradients: 512,
    };
    await using ours = await there();
    await using kernels = await freshModel();
    const [found, expected] = [await ours.attribute(request), await kernels.attribute(request)];
    expect(found.logit).toBeCloseTo(expected.logit, 5);
    expect(largestDifference(found.contributions, expected.contributions)).toBeLessThan(1e-4);
  });
});
