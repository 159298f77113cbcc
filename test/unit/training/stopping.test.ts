// What ends a run before its last epoch, and where its weights lie then.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { Trainer } from "../../../src/training/trainer.js";
import {
  errorOf,
  finish,
  labelNames,
  outline,
  recordOf,
  tinyDataset,
  tinyRun,
  weightsOf,
} from "./tiny-run.js";

describe("a number that is not finite", () => {
  // Weights that are multiplied by -9 at every step.
  const exploding = { learningRate: 10, weightDecay: 1, warmup: 0, schedule: "constant" } as const;

  it("stops the run, names step, rows and learning rate, and keeps the last good weights", async () => {
    const run = tinyRun({ ...exploding, batchSize: 12 });
    let steps = 0;
    const error = await errorOf(() => finish(run, undefined, ({ type }) => type === "step" && steps++));
    expect(error.code).toBe("NOT_FINITE");
    expect(error.message).toMatch(
      /^the (loss|gradient norm) is (NaN|-?Infinity) at step \d+ \(learning rate 10, rows \d+(, \d+){9}, ... \(12 rows\) of tiny data\)/,
    );
    expect(error.message).toContain(`at step ${steps + 1} `);
    expect(error.message).toContain(
      `the weights before it are in ${run.output}. Try a smaller --learning-rate`,
    );
    expect(recordOf(run.output)).toMatchObject({ stoppedAtStep: steps, history: [] });
    const bias = weightsOf(run.output).subarray(-4 * labelNames.length);
    for (const [i] of labelNames.entries()) expect(bias.readFloatLE(4 * i)).toSatisfy(Number.isFinite);
  });

  it("names the lines of a file, and leaves the best epoch where it is", async () => {
    const lines = Int32Array.from({ length: 30 }, (_, row) => 1000 + row);
    const run = tinyRun({
      ...exploding,
      batchSize: 10,
      epochs: 20,
      train: { ...tinyDataset(30), lines },
      validationSplit: 0,
    });
    const error = await errorOf(() => finish(run));
    expect(error.message).toMatch(/lines (1\d\d\d, ){9}1\d\d\d of tiny data\)/);
    const good = recordOf(run.output);
    expect(good.epoch).toBe(good.history.length);
    expect(error.message).toMatch(new RegExp(`are in ${run.output}(/last)?\\. Try`));
  });
});

describe("a signal", () => {
  it("stops the run after the step that is under way", async () => {
    const run = tinyRun();
    const controller = new AbortController();
    const { events, end } = await finish(run, controller.signal, (event) => {
      if (event.type === "step" && event.step === 4) controller.abort();
    });
    expect(outline(events)).toEqual(["start", "step", "end"]);
    expect(events.at(-2)).toMatchObject({ type: "step", step: 4 });
    expect(end).toEqual({ type: "end", reason: "stopped", directory: run.output, notes: [] });
    expect(recordOf(run.output)).toMatchObject({ stoppedAtStep: 4, history: [] });
    await using classifier = await Classifier.load(run.output);
    expect(classifier.labels).toEqual(labelNames);
  });

  it("leaves the best epoch where it is, and the last weights beside it", async () => {
    const run = tinyRun();
    const controller = new AbortController();
    const { end } = await finish(run, controller.signal, (event) => {
      if (event.type === "step" && event.epoch === 2) controller.abort();
    });
    const lastDirectory = join(run.output, "last");
    expect(end).toEqual({
      type: "end",
      reason: "stopped",
      directory: run.output,
      keptEpoch: 1,
      lastDirectory,
      notes: [],
    });
    expect(recordOf(run.output)).toMatchObject({ epoch: 1 });
    expect(recordOf(lastDirectory)).toMatchObject({ stoppedAtStep: 37, history: [{ epoch: 1 }] });
    expect(weightsOf(lastDirectory).equals(weightsOf(run.output))).toBe(false);
  });

  it("during validation stops that as well", async () => {
    const run = tinyRun({ validation: tinyDataset(3000, 2) });
    const controller = new AbortController();
    const { events, end } = await finish(run, controller.signal, (event) => {
      if (event.type === "validation") controller.abort();
    });
    expect(outline(events)).toEqual(["start", "step", "validation", "end"]);
    expect(events.findLast((event) => event.type === "validation")!.rows).toBeLessThan(3000);
    expect(end).toEqual({ type: "end", reason: "stopped", directory: run.output, notes: [] });
    expect(recordOf(run.output)).toMatchObject({ stoppedAtStep: 40 });
  });

  it("during saving lets it finish, and makes no step more", async () => {
    const run = tinyRun();
    const controller = new AbortController();
    const watch = () => {
      if (readdirSync(join(run.output, "..")).some((name) => name.includes(".saving-"))) controller.abort();
      else if (!controller.signal.aborted) setImmediate(watch);
    };
    const { events, end } = await finish(run, controller.signal, (event) => {
      if (event.type === "validation") watch();
    });
    expect(outline(events)).toEqual(["start", "step", "validation", "epoch", "end"]);
    expect(end).toEqual({ type: "end", reason: "stopped", directory: run.output, keptEpoch: 1, notes: [] });
  });

  it("after the last epoch comes too late", async () => {
    const controller = new AbortController();
    const { end } = await finish(tinyRun({ epochs: 1 }), controller.signal, (event) => {
      if (event.type === "epoch") controller.abort();
    });
    expect(end).toMatchObject({ reason: "finished", keptEpoch: 1 });
  });

  it.each(["beforehand", "start"])(
    "given before the first step (%s) ends in its reason, and nothing is written",
    async (when) => {
      const run = tinyRun();
      const controller = new AbortController();
      const reason = new Error("no more time");
      if (when === "beforehand") controller.abort(reason);
      const ending = finish(run, controller.signal, ({ type }) => type === when && controller.abort(reason));
      await expect(ending).rejects.toBe(reason);
      expect(existsSync(run.output)).toBe(false);
    },
  );
});

describe("a run that is stopped before its first epoch is over", () => {
  it.each(["a signal", "a number that is not finite"])(
    "leaves a finished model in its output alone: %s",
    async (how) => {
      const finished = tinyRun({ epochs: 1, report: true });
      await finish(finished);
      const before = readdirSync(finished.output).map((name) => [
        name,
        readFileSync(join(finished.output, name)),
      ]);
      const last = join(finished.output, "last");
      if (how === "a signal") {
        const controller = new AbortController();
        const { end } = await finish(
          finished,
          controller.signal,
          ({ type }) => type === "step" && controller.abort(),
        );
        expect(end).toEqual({
          type: "end",
          reason: "stopped",
          directory: finished.output,
          lastDirectory: last,
          report: join(last, "report.html"),
          notes: [],
        });
      } else {
        const exploding = { learningRate: 10, weightDecay: 1, warmup: 0, schedule: "constant" } as const;
        const error = await errorOf(() => finish({ ...finished, ...exploding, epochs: 9 }));
        expect(error.message).toContain(`the weights before it are in ${last}. Try`);
      }
      for (const [name, content] of before) {
        expect(readFileSync(join(finished.output, String(name))).equals(content as Buffer)).toBe(true);
      }
      expect(recordOf(last)).toMatchObject({ stoppedAtStep: expect.any(Number), history: [] });
      await using classifier = await Classifier.load(last);
      expect(classifier.labels).toEqual(labelNames);
    },
  );

  it("has its weights replaced by those of the next run that finishes", async () => {
    const run = tinyRun({ epochs: 1 });
    await finish(run);
    const controller = new AbortController();
    await finish(run, controller.signal, ({ type }) => type === "step" && controller.abort());
    expect(readdirSync(run.output)).toContain("last");
    await finish({ ...run, overwrite: true });
    expect(readdirSync(run.output)).not.toContain("last");
  });
});

describe("two runs into one directory", () => {
  it("are one: the second is refused before it loads anything", async () => {
    const run = tinyRun({ epochs: 2 });
    let refused: unknown;
    const { end } = await finish(run, undefined, async ({ type }) => {
      if (type === "start") refused = await errorOf(() => finish(run, undefined, () => expect.unreachable()));
    });
    expect(end.reason).toBe("finished");
    expect(refused).toMatchObject({
      code: "OUTPUT_IN_USE",
      message: expect.stringContaining(`${run.output} is being written by a training run of this process`),
    });
    expect(readdirSync(join(run.output, ".."))).toEqual(["model"]);
  });
});

describe("leaving the loop", () => {
  it.each(["start", "step", "validation", "epoch"] as const)(
    "at a %s event frees the model",
    async (type) => {
      const events = new Trainer(tinyRun({ epochs: 2 })).events();
      for await (const event of events) if (event.type === type) break;
      expect(await events.next()).toEqual({ done: true, value: undefined });
    },
  );

  it("ends the run as a signal does: after the step that is under way, with its weights saved", async () => {
    const left = tinyRun({ epochs: 2 });
    for await (const event of new Trainer(left)) if (event.type === "step" && event.step === 4) break;
    const stopped = tinyRun({ ...left, output: join(left.output, "..", "stopped") });
    const controller = new AbortController();
    await finish(stopped, controller.signal, (event) => {
      if (event.type === "step" && event.step === 4) controller.abort();
    });
    expect(recordOf(left.output)).toMatchObject({ stoppedAtStep: 4, history: [] });
    expect(weightsOf(left.output).equals(weightsOf(stopped.output))).toBe(true);
  });

  it("leaves a finished model alone", async () => {
    const run = tinyRun({ epochs: 1 });
    await finish(run);
    const before = weightsOf(run.output);
    for await (const event of new Trainer(run)) if (event.type === "step") break;
    expect(weightsOf(run.output).equals(before)).toBe(true);
    expect(recordOf(join(run.output, "last"))).toMatchObject({ stoppedAtStep: 1 });
  });

  it("before the first step writes nothing", async () => {
    const run = tinyRun();
    for await (const event of new Trainer(run)) if (event.type === "start") break;
    expect(readdirSync(join(run.output, ".."))).toEqual([]);
  });

  it("with an error frees the model, too, and is the error that is seen", async () => {
    const events = new Trainer(tinyRun({ validation: tinyDataset(1000, 2) })).events();
    const leaving = (async () => {
      for await (const event of events) if (event.type === "validation") throw new Error("enough");
    })();
    await expect(leaving).rejects.toThrow("enough");
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});
