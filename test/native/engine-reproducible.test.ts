// What the same seed gives again, and what a row's neighbours must not change.
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { largestDifference } from "../parity/models.js";
import { batchOf, config, freshModel, labels, rowsOf, start, train, weightsOf } from "./tiny-bert.js";

const tenBatches = Array.from({ length: 10 }, (_, i) => batchOf(20, i + 1));

/** Ten steps with dropout. */
async function run({ seed = 1, dropout = true, threads = 2, precision = "fp32" as "fp32" | "bf16" } = {}) {
  await using model = await freshModel({ threads, precision });
  const losses = await train(model, tenBatches, { seed, dropout });
  return { losses, weights: await weightsOf(model) };
}

describe("fresh weights", () => {
  it("are the same for the same seed, bit for bit, and others for another", async () => {
    await using first = await freshModel({ seed: 7 });
    await using again = await freshModel({ seed: 7, threads: 1 });
    await using other = await freshModel({ seed: 8 });
    expect(await weightsOf(again)).toEqual(await weightsOf(first));
    const name = "bert.encoder.layer.1.attention.self.key.weight";
    expect(await other.parameter(name)).not.toEqual(await first.parameter(name));
  });

  it("are normal with the config's deviation, ones for gains and zeros for biases", async () => {
    await using model = await freshModel();
    const words = await model.parameter("bert.embeddings.word_embeddings.weight");
    const deviation = Math.sqrt(words.reduce((sum, x) => sum + x * x, 0) / words.length);
    expect(deviation / config.initializer_range).toBeCloseTo(1, 1);
    expect(new Set(await model.parameter("bert.embeddings.LayerNorm.weight"))).toEqual(new Set([1]));
    expect(new Set(await model.parameter("classifier.bias"))).toEqual(new Set([0]));
  });
});

describe("a training run", () => {
  it.each(["fp32", "bf16"] as const)("is the same again, bit for bit, in %s", async (precision) => {
    const first = await run({ precision });
    expect(await run({ precision })).toEqual(first);
  });

  // Not bit for bit: libtorch's matrix products may split their sums over the threads.
  it("is the same with another number of threads, but for rounding", async () => {
    const [two, one] = [await run({ threads: 2 }), await run({ threads: 1 })];
    expect(largestDifference(two.losses, one.losses)).toBeLessThanOrEqual(1e-4);
  });

  it("differs with another seed of dropout, and without dropout", async () => {
    const losses = [await run(), await run({ seed: 2 }), await run({ dropout: false })].map(
      (r) => r.losses[0],
    );
    expect(new Set(losses).size).toBe(3);
  });

  it("draws new dropout at every step and in every micro-batch", async () => {
    await using model = await freshModel();
    const batch = batchOf(8);
    const still = { learningRate: 0, weightDecay: 0 };
    expect(new Set(await train(model, [batch, batch, batch], still)).size).toBe(3);
    expect(new Set(await train(model, [batch, batch, batch], { ...still, dropout: false })).size).toBe(1);
    const single = await (await start(model, still)).step([batch]);
    const twice = await (await start(model, still)).step([batch, batch]);
    expect(twice.loss).not.toBe(single.loss);
  });
});

// Our own kernels treat each row by itself, bit for bit. libtorch's matrix products do not: they take another path when
// the batch is small, and at the edges of their tiles. Measured with this model: the same bits in any order in both
// formats, and alone in bf16; 4e-7 apart alone in fp32. (bf16 models as wide as BERT-base may differ by a rounding.)
describe.each(["fp32", "bf16"] as const)("a row's logits in %s", (precision) => {
  it("do not depend on its neighbours", async () => {
    await using model = await freshModel({ precision, threads: 2 });
    const batch = batchOf(64);
    const together = await model.predict(batch);
    const order = generator(1, "order").shuffle(Array.from({ length: 64 }, (_, i) => i));
    const shuffled = await model.predict(rowsOf(batch, order));
    for (const [place, row] of order.entries()) {
      const expected = together.subarray(row * labels, (row + 1) * labels);
      const found = shuffled.subarray(place * labels, (place + 1) * labels);
      expect(largestDifference(found, expected)).toBeLessThanOrEqual(1e-6);
      if (row % 4 > 0) continue;
      const alone = await model.predict(rowsOf(batch, [row]));
      expect(largestDifference(alone, expected)).toBeLessThanOrEqual(1e-6);
    }
  });

  it("are the same with segment ids of zero and without any", async () => {
    await using model = await freshModel({ precision });
    const batch = batchOf(10);
    const types = new Int32Array(batch.ids.length);
    expect(await model.predict({ ...batch, types })).toEqual(await model.predict(batch));
    expect(await model.predict({ ...batch, types: types.fill(1) })).not.toEqual(await model.predict(batch));
  });
});
