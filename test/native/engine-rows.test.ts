// Rows of word embeddings that no text of a batch needs are updated later: nobody may see that.
import { describe, expect, it } from "vitest";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { randomBatch } from "../parity/models.js";
import { batchOf, config, freshModel, labels, start, train, weightsOf } from "./tiny-bert.js";

const words = "bert.embeddings.word_embeddings.weight";
const width = config.hidden_size;

/** Steps of few tokens; every fortieth has all. With 150 of them every row owes more than is ever remembered. */
const batches: LabelledBatch[] = Array.from({ length: 150 }, (_, step) =>
  randomBatch([3, 5], { vocabulary: step % 40 === 7 ? config.vocab_size : 12, labels, seed: step }),
);

async function trainAndLook(
  model: NativeModel,
  look: (step: number, run: NativeTraining) => Promise<unknown>,
): Promise<{ losses: number[]; run: NativeTraining }> {
  const run = await start(model, { schedule: "linear", warmupSteps: 10, totalSteps: 200 });
  const losses: number[] = [];
  for (const [step, batch] of batches.entries()) {
    losses.push((await run.step([batch])).loss);
    await look(step, run);
  }
  return { losses, run };
}

describe("the table of word embeddings", () => {
  it.each([
    ["fp32", 1],
    ["fp32", 2],
    ["bf16", 2],
  ] as const)(
    "is the same whether or not it is read after each step, in %s with %d threads",
    async (precision, threads) => {
      await using often = await freshModel({ precision, threads });
      await using once = await freshModel({ precision, threads });
      // Whoever reads it has all rows updated.
      const { losses } = await trainAndLook(often, () => often.parameter(words));
      expect((await trainAndLook(once, async () => {})).losses).toEqual(losses);
      expect(await weightsOf(once)).toEqual(await weightsOf(often));
    },
  );

  it("is whole for predictions, gradients and explanations between steps", async () => {
    await using often = await freshModel();
    await using once = await freshModel();
    const text = randomBatch([9], { vocabulary: config.vocab_size, labels, seed: 5 });
    const request = {
      ids: text.ids,
      offsets: text.offsets,
      baseline: new Int32Array(text.ids.length),
      label: 0,
      tolerance: 1e-3,
      maxGradients: 1000,
    };
    const look = async (model: NativeModel, run: NativeTraining) => [
      await model.predict(text),
      await run.computeGradients(text),
      await run.gradient(words),
      await model.attribute(request),
    ];
    const oftenRead = await trainAndLook(often, () => often.parameter(words));
    const readOnce = await trainAndLook(once, async (step, run) => step === 70 && (await look(once, run)));
    await often.parameter(words);
    expect(await look(once, readOnce.run)).toEqual(await look(often, oftenRead.run));
  });

  it("decays where no text has a word, as AdamW says", async () => {
    const options: Partial<NativeTrainingOptions> = { learningRate: 0.1, weightDecay: 0.5 };
    await using model = await freshModel();
    const before = await model.parameter(words);
    await train(model, batches.slice(0, 5), options); // words 0 to 11
    const after = await model.parameter(words);
    for (let i = 12 * width; i < before.length; i++) {
      let expected = before[i]!;
      for (let step = 0; step < 5; step++) expected = Math.fround(expected * Math.fround(1 - 0.1 * 0.5));
      expect(after[i]).toBe(expected);
    }
    expect(after.subarray(3 * width, 4 * width)).not.toEqual(before.subarray(3 * width, 4 * width));
  });

  it("has no gradient for the padding token", async () => {
    await using model = await freshModel({ config: { ...config, pad_token_id: 3 } });
    const before = await model.parameter(words);
    await train(model, [batchOf(20), batchOf(20)], { weightDecay: 0 });
    const after = await model.parameter(words);
    expect(after.subarray(3 * width, 4 * width)).toEqual(before.subarray(3 * width, 4 * width));
    expect(after.subarray(4 * width, 5 * width)).not.toEqual(before.subarray(4 * width, 5 * width));
  });

  it("stays as it is when it is frozen", async () => {
    await using model = await freshModel();
    const before = await model.parameter(words);
    await train(model, [batchOf(8), batchOf(8)], { freezeEmbeddings: true });
    expect(await model.parameter(words)).toEqual(before);
  });
});
