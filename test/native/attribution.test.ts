// Integrated gradients in the engine: contributions sum to the difference of the logits, for every architecture.
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { NativeModel } from "../../src/native/model.js";
import type { Precision } from "../../src/native/types.js";
import { randomBatch } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";
import { batchOf, config, freshModel, labels, rowsOf, start } from "./tiny-bert.js";

const usual = { tolerance: 1e-3, maxGradients: 4096 };

/** A text, and the same without its second to last token but one: those are replaced by token 4. */
function question(length: number, vocabulary: number, types = 0) {
  const {
    ids,
    offsets,
    types: segments,
  } = randomBatch([length], { vocabulary, labels: 1, types, seed: length });
  const baseline = ids.map((id, i) => (i === 0 || i === length - 1 ? id : 4));
  return { ids, offsets, ...(segments && { types: segments }), baseline };
}

async function logitOf(model: NativeModel, batch: ReturnType<typeof question>, label: number) {
  const text = await model.predict(batch);
  const baseline = await model.predict({ ...batch, ids: batch.baseline });
  return { text: text[label]!, baseline: baseline[label]! };
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

describe.each(Object.keys(draws))("the contributions of the tokens in a random %s", (modelType) => {
  it.each<[Precision, number]>([
    ["fp32", 1e-3],
    ["bf16", 0.2],
  ])("in %s sum to the difference of the logits within %d", async (precision, tolerance) => {
    const drawn = draws[modelType]!(generator(7, modelType));
    const spec = { tensors: [], seed: 4, precision, threads: 1, labels: drawn.labels };
    const wide = { ...drawn.config, initializer_range: 0.3 };
    await using model = await NativeModel.load({ ...spec, config: wide });
    const batch = question(Math.min(drawn.maxLength, 20), drawn.vocabulary, drawn.types);
    const label = drawn.labels - 1;
    const result = await model.attribute({ ...batch, ...usual, tolerance, label });
    const { text, baseline } = await logitOf(model, batch, label);
    expect(result.logit).toBeCloseTo(text, precision === "fp32" ? 5 : 1);
    expect(result.baselineLogit).toBeCloseTo(baseline, precision === "fp32" ? 5 : 1);
    expect(Math.abs(sum(result.contributions) - (text - baseline))).toBeLessThan(1.5 * tolerance);
    expect(result.contributions).toHaveLength(batch.ids.length);
    // Tokens that are the baseline's add nothing.
    expect(result.contributions[0]).toBe(0);
    expect(result.contributions.some((value) => Math.abs(value) > 1e-4)).toBe(true);
  });
});

describe("an attribution", () => {
  it("is the gradient times the difference where the logit is nearly linear", async () => {
    await using model = await freshModel({ config: { ...config, initializer_range: 0.1 } });
    const batch = question(9, 60);
    const { contributions } = await model.attribute({ ...batch, ...usual, tolerance: 1e-5, label: 1 });
    // Leaving out one token changes the logit in about the way that its contribution says.
    const changes = await Promise.all(
      Array.from(batch.ids.keys(), async (place) => {
        const ids = batch.ids.map((id, i) => (i === place ? batch.baseline[i]! : id));
        const without = await model.predict({ ...batch, ids });
        return (await model.predict(batch))[1]! - without[1]!;
      }),
    );
    expect(correlation([...contributions], changes)).toBeGreaterThan(0.8);
  });

  it("takes more gradients where a smaller error is asked for, and no more than allowed", async () => {
    await using model = await freshModel({ config: { ...config, initializer_range: 0.6 } });
    const batch = { ...question(30, 60), label: 0 };
    const rough = await model.attribute({ ...batch, tolerance: 10, maxGradients: 4096 });
    const fine = await model.attribute({ ...batch, tolerance: 1e-3, maxGradients: 4096 });
    const stopped = await model.attribute({ ...batch, tolerance: 0, maxGradients: 40 });
    expect(fine.gradients).toBeGreaterThan(rough.gradients);
    expect(fine.error).toBeLessThanOrEqual(1e-3);
    expect(stopped.gradients).toBeLessThan(80);
  });

  it("leaves the model as it was", async () => {
    await using model = await freshModel();
    const batch = batchOf(4);
    const run = await start(model);
    await run.computeGradients(batch);
    const name = "bert.embeddings.word_embeddings.weight";
    const before = [await model.predict(batch), await run.gradient(name)];
    await model.attribute({ ...question(12, 60), ...usual, label: 0 });
    expect([await model.predict(batch), await run.gradient(name)]).toEqual(before);
  });

  it("is refused for several texts, another length and an unknown label", async () => {
    await using model = await freshModel();
    const two = rowsOf(batchOf(5), [2, 3]);
    const asked = { ...question(5, 60), ...usual };
    await expect(model.attribute({ ...asked, ...two, baseline: two.ids, label: 0 })).rejects.toThrow(
      /one text/,
    );
    const short = Int32Array.of(1);
    await expect(model.attribute({ ...asked, baseline: short, label: 0 })).rejects.toThrow(/same length/);
    await expect(model.attribute({ ...asked, label: labels })).rejects.toThrow(/no label 3/);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((total, value) => total + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((total, value, i) => total + (value - mx) * (y[i]! - my), 0);
  return product(a, meanA, b, meanB) / Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
}
