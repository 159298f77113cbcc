// Calls to a model: their order, cancellation, disposal, and weights that go to a file and back.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import type { NativeModel } from "../../src/native/model.js";
import { temporaryFolder } from "../parity/models.js";
import { batchOf, freshModel, labels, train, training, weightsOf } from "./tiny-bert.js";

/** Enough work to keep the model busy while the test goes on. */
function keepBusy(model: NativeModel): Promise<unknown[]> {
  return Promise.all(Array.from({ length: 8 }, () => model.predict(batchOf(100))));
}

describe("calls", () => {
  it("are answered in the order in which they were made", async () => {
    await using model = await freshModel();
    const answered: number[] = [];
    const sizes = Array.from({ length: 40 }, (_, i) => 1 + ((i * 13) % 30));
    const results = await Promise.all(
      sizes.map((rows, i) =>
        model.predict(batchOf(rows)).then((logits) => {
          answered.push(i);
          return logits;
        }),
      ),
    );
    expect(answered).toEqual(sizes.map((_, i) => i));
    expect(results.map((logits) => logits.length)).toEqual(sizes.map((rows) => rows * labels));
    expect(results[7]).toEqual(await model.predict(batchOf(sizes[7]!)));
  });

  it("copy their batch: the arrays can be used again at once", async () => {
    await using model = await freshModel();
    const batch = batchOf(5);
    const busy = keepBusy(model);
    const waiting = model.predict(batch);
    batch.ids.fill(0);
    batch.offsets.fill(-1);
    await busy;
    expect(await waiting).toEqual(await model.predict(batchOf(5)));
  });

  it("that fail name in their stack whoever awaits them", async () => {
    await using model = await freshModel();
    const wrong = { ids: Int32Array.of(1_000_000), offsets: Int32Array.of(0, 1) };
    async function someoneWhoAwaits() {
      return await model.predict(wrong);
    }
    async function someoneBehindASignal() {
      return await model.predict(wrong, { signal: new AbortController().signal });
    }
    await expect(someoneWhoAwaits()).rejects.toHaveProperty(
      "stack",
      expect.stringContaining("someoneWhoAwaits"),
    );
    await expect(someoneBehindASignal()).rejects.toHaveProperty(
      "stack",
      expect.stringContaining("someoneBehindASignal"),
    );
  });

  it("of two models run side by side without disturbing each other", async () => {
    await using one = await freshModel({ threads: 1 });
    await using other = await freshModel({ seed: 2 });
    const alone = [await one.predict(batchOf(9)), await other.predict(batchOf(9))];
    const together = await Promise.all([
      keepBusy(one).then(() => one.predict(batchOf(9))),
      keepBusy(other).then(() => other.predict(batchOf(9))),
    ]);
    expect(together).toEqual(alone);
  });

  it("of a training that another one replaced are refused", async () => {
    await using model = await freshModel();
    const first = await model.startTraining(training);
    const second = await model.startTraining(training);
    const refusal = { code: "DISPOSED", message: expect.stringMatching(/another training/) };
    await expect(first.step([batchOf(2)])).rejects.toMatchObject(refusal);
    await expect(first.computeGradients(batchOf(2))).rejects.toMatchObject(refusal);
    await expect(first.gradient("classifier.bias")).rejects.toMatchObject(refusal);
    expect(await second.step([batchOf(2)])).toMatchObject({ step: 1 });
  });
});

describe("an AbortSignal", () => {
  it("drops a call that waits, and no other", async () => {
    await using model = await freshModel();
    const busy = keepBusy(model);
    const controller = new AbortController();
    const dropped = model.predict(batchOf(2), { signal: controller.signal });
    const after = model.predict(batchOf(3));
    controller.abort();
    await expect(dropped).rejects.toBe(controller.signal.reason);
    expect(await after).toHaveLength(3 * labels);
    expect(await busy).toHaveLength(8);
  });

  it("drops a training step that waits: no weight changes", async () => {
    await using model = await freshModel();
    const run = await model.startTraining(training);
    const before = await weightsOf(model);
    const busy = keepBusy(model);
    const controller = new AbortController();
    const dropped = run.step([batchOf(2)], { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(dropped).rejects.toThrow("enough");
    await busy;
    expect(await weightsOf(model)).toEqual(before);
  });

  it("that is aborted already stops the call at once; one that aborts too late changes nothing", async () => {
    await using model = await freshModel();
    await expect(model.predict(batchOf(2), { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    const controller = new AbortController();
    expect(await model.predict(batchOf(2), { signal: controller.signal })).toHaveLength(2 * labels);
    controller.abort();
    expect(await model.predict(batchOf(2))).toHaveLength(2 * labels);
  });
});

describe("dispose", () => {
  it("makes every later call reject with DISPOSED", async () => {
    const model = await freshModel();
    const run = await model.startTraining(training);
    await model.dispose();
    const calls = [
      model.predict(batchOf(2)),
      model.startTraining(training),
      run.step([batchOf(2)]),
      run.computeGradients(batchOf(2)),
      model.save(join(temporaryFolder(), "model.safetensors")),
      model.parameter("classifier.bias"),
      run.gradient("classifier.bias"),
      model.parameterNames(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "DISPOSED" } });
    }
  });

  it("can be called again, at once and later", async () => {
    const model = await freshModel();
    await Promise.all([model.dispose(), model.dispose()]);
    await model.dispose();
  });

  it("lets the running call finish and drops the waiting ones", async () => {
    const model = await freshModel();
    const calls = Array.from({ length: 50 }, () => model.predict(batchOf(100)));
    await calls[0];
    const disposed = model.dispose();
    const outcomes = await Promise.allSettled(calls);
    await disposed;
    const finished = outcomes.filter(({ status }) => status === "fulfilled").length;
    expect(finished).toBeGreaterThanOrEqual(1);
    expect(finished).toBeLessThan(50);
    for (const outcome of outcomes.slice(finished)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "DISPOSED" } });
    }
  });
});

describe("save", () => {
  it.each(["fp32", "bf16"] as const)(
    "and load give the same logits, bit for bit, in %s",
    async (precision) => {
      const file = join(temporaryFolder(), "model.safetensors");
      await using model = await freshModel({ precision });
      await train(model, [batchOf(8), batchOf(8)]);
      await model.save(file);
      await using loaded = await freshModel({ precision, seed: 99, tensors: await readSafetensors(file) });
      expect(loaded.info).toMatchObject({ initialised: [], ignored: [] });
      expect(await loaded.predict(batchOf(20))).toEqual(await model.predict(batchOf(20)));
      expect(await weightsOf(loaded)).toEqual(await weightsOf(model));
    },
  );

  it("to a folder that is not there is an IO error; the model lives on", async () => {
    await using model = await freshModel();
    const file = join(temporaryFolder(), "nowhere", "model.safetensors");
    await expect(model.save(file)).rejects.toMatchObject({ code: "IO" });
    expect(existsSync(file)).toBe(false);
    expect(await model.predict(batchOf(2))).toHaveLength(2 * labels);
  });
});
