// Several processes equal one: here as several models of one process, each with its place in a group.
import { describe, expect, it } from "vitest";
import type { NativeModelSpec, NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { leave, meet, ranksOf, stepOf } from "./several-ranks.js";
import { batchOf, freshModel, rowsOf, start } from "./tiny-bert.js";

/** Six steps; in the last a single row is left, so that all but one rank have none. */
function plan(size: number): LabelledBatch[][] {
  const steps = Array.from({ length: 5 }, (_, step) =>
    Array.from({ length: size }, (_, part) => batchOf(3 + part, 10 * step + part + 1)),
  );
  return [...steps, [rowsOf(batchOf(4, 99), [2])]];
}

const windows = (batch: LabelledBatch): LabelledBatch => {
  const texts = Int32Array.from({ length: Math.ceil((batch.offsets.length - 1) / 2) + 1 }, (_, i) =>
    Math.min(2 * i, batch.offsets.length - 1),
  );
  return { ...batch, texts, labels: batch.labels.slice(0, (texts.length - 1) * 3) };
};
const weighted = (batch: LabelledBatch): LabelledBatch => ({
  ...batch,
  weights: Float32Array.from({ length: batch.labels.length / 3 }, (_, i) => 0.5 + i),
});
const unlabelled = (batch: LabelledBatch): LabelledBatch => ({
  ...batch,
  labels: batch.labels.map(() => Number.NaN),
});

const crossEntropy = { positiveFocus: 0, negativeFocus: 0, margin: 0, negativeWeight: 1, smoothing: 0 };

const same = (batch: LabelledBatch) => batch;
type Case = [
  string,
  {
    size?: number;
    spec?: Partial<NativeModelSpec>;
    options?: Partial<NativeTrainingOptions>;
    change?: (batch: LabelledBatch, part: number) => LabelledBatch;
  },
];
const cases: Case[] = [
  ["fp32, dropout and missing labels", {}],
  ["bf16", { spec: { precision: "bf16" } }],
  ["the dense form", { spec: { dense: true } }],
  ["windows", { change: windows }],
  ["weights of rows", { change: weighted }],
  ["hard clipping", { options: { maxGradientNorm: 0.01 } }],
  ["a frozen word table", { options: { freezeEmbeddings: true } }],
  ["frozen layers", { options: { freezeLayers: 2 } }],
  ["an average of the weights", { options: { averageSteps: 3 } }],
  ["R-Drop", { options: { loss: { ...crossEntropy, rDrop: 0.5 } } }],
  ["perturbed embeddings", { options: { adversarial: 0.1 } }],
  ["a rank without labels", { change: (batch, part) => (part === 1 ? unlabelled(batch) : batch) }],
  ["three ranks, in order", { size: 3, options: { ordered: true } }],
  ["three ranks, in order, in bf16", { size: 3, spec: { precision: "bf16" }, options: { ordered: true } }],
];

describe("a training in several processes", () => {
  it.each(cases)("has the bits of one with as many micro-batches: %s", async (_, given) => {
    const { size = 2, spec = {}, options = {}, change = same } = given;
    const steps = plan(size).map((parts) => parts.map(change));
    const ranks = await ranksOf(size, spec, options);
    await using model = await freshModel({ training: true, threads: 1, ...spec });
    const run = await start(model, options);
    for (const parts of steps) {
      const [first, ...others] = await stepOf(ranks, parts);
      const alone = await run.step(parts);
      expect([first!.loss, first!.gradientNorm]).toEqual([alone.loss, alone.gradientNorm]);
      for (const other of others) expect(other.gradientNorm).toBe(first!.gradientNorm);
    }
    const digests = await Promise.all(ranks.map(({ run: own }) => own.weightsDigest()));
    expect(new Set([await run.weightsDigest(), ...digests]).size).toBe(1);
    // Where the weights are averaged, this is what the averages say.
    const asked = batchOf(3, 1000);
    const logits = await model.predict(asked);
    for (const rank of ranks) expect(await rank.model.predict(asked)).toEqual(logits);
    await leave(ranks);
  });

  it("differs in the last bits without that order, where it is more than two", async () => {
    const ranks = await ranksOf(3);
    await using model = await freshModel({ training: true, threads: 1 });
    const run = await start(model);
    for (const parts of plan(3)) {
      await stepOf(ranks, parts);
      await run.step(parts);
    }
    const digests = await Promise.all(ranks.map(({ run: own }) => own.weightsDigest()));
    expect(new Set(digests).size).toBe(1);
    expect(digests[0]).not.toBe(await run.weightsDigest());
    await leave(ranks);
  });

  it("has the gradient of one undivided batch but for rounding", async () => {
    const still = { dropout: false, maxGradientNorm: 0 };
    const ranks = await ranksOf(2, {}, still);
    await using model = await freshModel({ training: true, threads: 1 });
    const run = await start(model, still);
    const batch = batchOf(12, 3);
    const halves = [0, 1].map((half) =>
      rowsOf(
        batch,
        [0, 1, 2, 3, 4, 5].map((i) => 2 * i + half),
      ),
    );
    const [first] = await stepOf(ranks, halves);
    const whole = await run.step([batch]);
    expect(Math.abs(first!.loss / whole.loss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(first!.gradientNorm / whole.gradientNorm - 1)).toBeLessThan(1e-6);
    await leave(ranks);
  });

  it("skips a step that is not finite on any rank, on all", async () => {
    const ranks = await ranksOf(2, {}, { learningRate: 1e-3 });
    const before = await ranks[0]!.run.weightsDigest();
    const [good, bad] = [batchOf(3, 1), batchOf(3, 2)];
    const results = await stepOf(ranks, [
      good,
      { ...bad, weights: Float32Array.of(1, Number.POSITIVE_INFINITY, 1) },
    ]);
    expect(results.map(({ applied }) => applied)).toEqual([false, false]);
    const digests = await Promise.all(ranks.map(({ run }) => run.weightsDigest()));
    expect(digests).toEqual([before, before]);
    await leave(ranks);
  });

  it("hands a wish to stop to all", async () => {
    const ranks = await ranksOf(2);
    const batch = batchOf(3, 1);
    const share = { labelled: 18, allMicroBatches: 2 };
    const results = await Promise.all(
      ranks.map(({ run }, rank) =>
        run.step([batch], { share: { ...share, firstMicroBatch: rank, stop: rank === 1 } }),
      ),
    );
    expect(results.map(({ stop }) => stop)).toEqual([true, true]);
    await leave(ranks);
  });
});

describe("an exchange", () => {
  it("gives all ranks what each sent, of any length", async () => {
    const groups = await meet(3);
    const own = [new Uint8Array(), Uint8Array.of(1), new Uint8Array(100_000).fill(7)];
    const found = await Promise.all(groups.map((group, rank) => group.exchange(own[rank]!, "a test")));
    for (const all of found) expect(all).toEqual(own);
    await Promise.all(groups.map((group) => group.leave("")));
  });

  it("names the rank that leaves, and why, to all that wait", async () => {
    const groups = await meet(3);
    const waiting = [0, 2].map((rank) => groups[rank]!.exchange(Uint8Array.of(1), "step 7"));
    // Both are awaited at once: either may be told first.
    const told = waiting.map((one) =>
      expect(one).rejects.toMatchObject({
        code: "DISTRIBUTED",
        message: "rank 1 of 3 (number 1) ended: its disk is full",
      }),
    );
    await groups[1]!.leave("its disk is full");
    await Promise.all(told);
    await expect(groups[0]!.exchange(Uint8Array.of(1), "step 8")).rejects.toThrow("its disk is full");
    await Promise.all(groups.map((group) => group.leave("")));
  });
});
