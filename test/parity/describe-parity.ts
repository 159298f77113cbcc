// What every architecture is held to: a random model of transformers, and the same model here, over one ragged batch:
// logits, gradients, training, and model directories read both ways.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { saveModelDirectory } from "../../src/model/save.js";
import { NativeModel } from "../../src/native/model.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { testDevice } from "../test-device.js";
import { note } from "./figures.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  type Question,
  type Reference,
  references,
  rowOf,
  temporaryFolder,
  training,
} from "./models.js";

const usualSteps = 20;

/** A configuration to make random models of, and a batch for them. */
export interface ParityCase {
  readonly name: string;
  /** A config.json. */
  readonly config: Readonly<Record<string, unknown>> & { readonly model_type: string };
  readonly labels: number;
  readonly batch: LabelledBatch;
  readonly seed: number;
  /** Longest row that the model takes; infinite where the architecture sets no limit. */
  readonly maxLength: number;
  /** Training steps: fewer than the usual twenty where transformers takes a second for one. */
  readonly steps?: number;
  /** `false`: bf16 is not compared, because PyTorch's own is further from fp32 than what is asked of ours. */
  readonly bf16?: boolean;
}

/** A model of ours with random weights, after a few training steps with dropout: no bias is zero any more. */
async function makeAndSave({ config: drawn, labels, batch }: ParityCase, directory: string) {
  const config = { ...drawn, initializer_range: 0.3 };
  const spec = { tensors: [], seed: 4, precision: "fp32", threads: 1, device: testDevice } as const;
  await using model = await NativeModel.load({ ...spec, config, labels });
  const run = await model.startTraining({ ...training, dropout: true, learningRate: 0.02 });
  for (let i = 0; i < 3; i++) await run.step([batch]);
  await saveModelDirectory(directory, {
    config,
    labelNames: Array.from({ length: labels }, (_, i) => `label ${i}`),
    tagformer: {},
    writeTokenizer: async () => {},
    writeWeights: (file) => model.save(file),
  });
  return await model.predict(batch);
}

/** Defines the tests of all cases; transformers is asked about all of them at once, before the first. */
export function describeParity(cases: readonly ParityCase[]): void {
  const asked = cases.map((one) => ({ ...one, ...questionsOf(one) }));
  const ourLogits = new Map<string, Float32Array>();
  const expected = new Map<Question, Reference>();
  beforeAll(async () => {
    for (const one of asked) ourLogits.set(one.name, await makeAndSave(one, one.ours.directory));
    const questions = asked.flatMap(({ theirs, ours }) => [theirs, ours]);
    for (const [i, answer] of references(questions).entries()) expected.set(questions[i]!, answer);
  });

  describe.each(asked)(
    "a random $name",
    ({ name, config, labels, batch, maxLength, steps, bf16 = true, theirs, ours }) => {
      const { model_type } = config;
      // In a small model two threads wait for each other longer than they compute.
      const threads = batch.ids.length > 500 ? 2 : 1;
      let model: NativeModel;
      beforeAll(async () => {
        model = await loadModel(theirs.directory, labels, { threads });
        return () => model.dispose();
      });

      it("is read from transformers' files, whole", () => {
        expect(model.info).toMatchObject({ initialised: [], ignored: [] });
        if (maxLength < Number.POSITIVE_INFINITY) expect(model.info.maxLength).toBe(maxLength);
        note(model_type, { loads: true });
      });

      it("has transformers' logits", async () => {
        const logits = largestDifference(await model.predict(batch), expected.get(theirs)!.logits);
        expect(logits).toBeLessThan(1e-5);
        note(model_type, { logits });
      });

      it("scores a text as it does alone", async () => {
        const together = await model.predict(batch);
        for (let row = 0; row + 1 < batch.offsets.length; row++) {
          const alone = await model.predict(rowOf(batch, row));
          const beside = together.subarray(row * labels, (row + 1) * labels);
          expect(largestDifference(alone, beside)).toBeLessThan(5e-6); // other blocks in matrix products
        }
      });

      it("has PyTorch's loss and gradients", async () => {
        const run = await model.startTraining(training);
        expect(await run.computeGradients(batch)).toBeCloseTo(expected.get(theirs)!.loss, 5);
        const { name: tensor, relative } = await gradientDifference(model, run, theirs.directory);
        expect(relative, tensor).toBeLessThan(1e-4);
        note(model_type, { gradients: relative });
      });

      it.runIf(bf16)("gives bf16 probabilities within 0.01 of fp32", async () => {
        await using rounded = await loadModel(theirs.directory, labels, { threads, precision: "bf16" });
        const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
        const probabilities = (await rounded.predict(batch)).map(sigmoid);
        const bf16 = largestDifference(probabilities, expected.get(theirs)!.logits.map(sigmoid));
        expect(bf16).toBeLessThan(0.01);
        note(model_type, { bf16 });
      });

      it("has the same logits and gradients in libtorch's own operations over padded batches", async () => {
        await using dense = await loadModel(theirs.directory, labels, { threads, dense: true });
        const { logits, loss } = expected.get(theirs)!;
        expect(largestDifference(await dense.predict(batch), logits)).toBeLessThan(1e-5);
        const run = await dense.startTraining(training);
        expect(await run.computeGradients(batch)).toBeCloseTo(loss, 5);
        const { name: tensor, relative } = await gradientDifference(dense, run, theirs.directory);
        expect(relative, tensor).toBeLessThan(1e-4);
      });

      it("makes AdamW steps with PyTorch's losses", async () => {
        const run = await model.startTraining(training);
        const losses: number[] = [];
        for (let i = 0; i < (steps ?? usualSteps); i++) losses.push((await run.step([batch])).loss);
        expect(largestDifference(losses, expected.get(theirs)!.losses)).toBeLessThan(1e-4);
        expect(losses.at(-1)).toBeLessThan(losses[0]!);
        note(model_type, { trains: true });
      });

      it("is saved so that transformers reads it with the same logits", () => {
        expect(largestDifference(ourLogits.get(name)!, expected.get(ours)!.logits)).toBeLessThan(1e-5);
        note(model_type, { saves: true });
      });
    },
  );
}

/** For a random model that transformers makes and saves, and for one that we make, train for a few steps and save. */
function questionsOf({ config, batch, seed, steps = usualSteps }: ParityCase): {
  theirs: Question;
  ours: Question;
} {
  return {
    theirs: { directory: temporaryFolder(), config, seed, steps, batch },
    ours: { directory: join(temporaryFolder(), "saved"), batch },
  };
}
