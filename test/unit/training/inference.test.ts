// Batches of one prediction against a model whose answers the test decides.
import { describe, expect, it } from "vitest";
import { predictLogits } from "../../../src/inference.js";
import type { NativeModel } from "../../../src/native/model.js";
import type { RaggedBatch } from "../../../src/text/batch.js";

interface Call {
  readonly batch: RaggedBatch;
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

function fakeModel(device = "cpu") {
  const calls: Call[] = [];
  const model = {
    info: { labels: 1, device },
    predict: (batch: RaggedBatch) =>
      new Promise<Float32Array>((resolve, reject) => calls.push({ batch, resolve, reject })),
  } as unknown as NativeModel;
  return { model, calls };
}

/** Rows of 4,000 tokens, so that each is a batch of its own; the tokens are the row's number. */
function longRows(rows: number): RaggedBatch {
  return {
    ids: Int32Array.from({ length: rows * 4000 }, (_, i) => Math.floor(i / 4000)),
    offsets: Int32Array.from({ length: rows + 1 }, (_, i) => i * 4000),
  };
}

const answer = ({ batch, resolve }: Call) => resolve(Float32Array.of(batch.ids[0]!));
const settled = () => new Promise(setImmediate);

describe("predictLogits", () => {
  it("gives a GPU many more tokens at once", async () => {
    const { model, calls } = fakeModel("cuda:0");
    const result = predictLogits(model, longRows(8));
    await settled();
    expect(calls.map(({ batch }) => batch.offsets.length - 1)).toEqual([8]);
    calls[0]!.resolve(new Float32Array(8));
    expect(await result).toHaveLength(8);
  });

  it("keeps a few batches waiting, never all, and puts every row in its place", async () => {
    const { model, calls } = fakeModel();
    const done: number[] = [];
    const result = predictLogits(model, longRows(20), { onProgress: (rows) => done.push(rows) });
    for (let answered = 0; answered < 20; answered++) {
      await settled();
      expect(calls.length - answered).toBeLessThanOrEqual(3);
      answer(calls[answered]!);
    }
    expect([...(await result)]).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it.each([
    ["max", [0, 2, 3]],
    ["mean", [0, 1.5, 3]],
  ] as const)("takes the %s of the logits of a text's windows", async (pooling, expected) => {
    const { model, calls } = fakeModel();
    const done: number[] = [];
    const tokens = { ...longRows(4), texts: Int32Array.of(0, 1, 3, 4) };
    const result = predictLogits(model, tokens, { onProgress: (texts) => done.push(texts) }, pooling);
    for (let answered = 0; answered < 4; answered++) {
      await settled();
      answer(calls[answered]!);
    }
    expect([...(await result)]).toEqual(expected);
    expect(done).toEqual([0, 1, 2, 3]);
  });

  it("of no rows is empty", async () => {
    expect(await predictLogits(fakeModel().model, longRows(0))).toHaveLength(0);
  });

  it("fails when a batch fails at the very moment at which another one succeeds", async () => {
    const { model, calls } = fakeModel();
    const result = predictLogits(model, longRows(4));
    await settled();
    answer(calls[0]!);
    calls[1]!.reject(new Error("out of memory"));
    await settled();
    for (const call of calls.slice(2)) answer(call);
    await expect(result).rejects.toThrow("out of memory");
  });

  it("waits for the batches under way before it fails", async () => {
    const { model, calls } = fakeModel();
    let failed = false;
    const result = predictLogits(model, longRows(9)).catch(() => {
      failed = true;
    });
    await settled();
    calls[0]!.reject(new Error("broken"));
    await settled();
    expect(failed).toBe(false);
    for (const call of calls.slice(1)) answer(call);
    await result;
    expect(failed).toBe(true);
    expect(calls).toHaveLength(3);
  });
});
