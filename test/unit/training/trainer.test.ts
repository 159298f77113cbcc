// Trainer through its API, with a real engine and a tiny model.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import type { TrainingEvent } from "../../../src/training/events.js";
import { Trainer, type TrainingRun } from "../../../src/training/trainer.js";
import {
  errorOf,
  finish,
  labelNames,
  outline,
  recordOf,
  tinyDataset,
  tinyRun,
  tinySource,
  weightsOf,
} from "./tiny-run.js";

/** Whether a run has saved its model after so many epochs, and given its directory back. */
function isOver(output: string, epochs: number): boolean {
  if (!existsSync(join(output, "tagformer.json"))) return false;
  return recordOf(output).history.length === epochs && !existsSync(join(output, "..", ".model.lock"));
}

describe("a run", () => {
  it("tells what happens in order, learns, and leaves a model that says so", async () => {
    const run = tinyRun();
    const { events, epochs, end } = await finish(run);
    expect(outline(events)).toEqual([
      "start",
      ...Array(4).fill(["step", "validation", "epoch"]).flat(),
      "end",
    ]);
    expect(events[0]).toMatchObject({
      trainingRows: 288,
      validationRows: 32,
      labels: labelNames,
      steps: 144,
      maxLength: 32,
      truncatedTexts: 0,
      cutTexts: 0,
      headReset: false,
      ignored: [],
    });
    const steps = events.filter((event) => event.type === "step");
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 144 }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: 144 }, (_, i) => 1 + Math.floor(i / 36)),
    );
    expect(steps.slice(0, 36).reduce((sum, { rows }) => sum + rows, 0)).toBe(288);
    expect(steps.every(({ tokens, rows }) => tokens >= 4 * rows && tokens <= 10 * rows)).toBe(true);
    expect(events.findLast((event) => event.type === "validation")).toMatchObject({
      rows: 32,
      totalRows: 32,
    });
    const mean = steps.slice(0, 36).reduce((sum, { loss }) => sum + loss, 0) / 36;
    expect(epochs[0]!.trainingLoss).toBeCloseTo(mean, 12);
    expect(epochs.at(-1)!.trainingLoss).toBeLessThan(epochs[0]!.trainingLoss / 2);
    expect(epochs.at(-1)!.validation!.micro.f1).toBeGreaterThan(0.9);
    expect(end).toEqual({
      type: "end",
      reason: "finished",
      directory: run.output,
      keptEpoch: end.keptEpoch,
      notes: [],
    });
    expect(recordOf(run.output)).toMatchObject({
      formatVersion: 1,
      data: "tiny data",
      epoch: end.keptEpoch,
      options: { epochs: 4, seed: 42, schedule: "linear" },
    });
    expect(recordOf(run.output).history).toHaveLength(end.keptEpoch!);
  });

  it("resolves to its end event, without a loop", async () => {
    const run = tinyRun({ epochs: 2 });
    const end = await new Trainer(run).train();
    expect(end).toEqual({
      type: "end",
      reason: "finished",
      directory: run.output,
      keptEpoch: expect.any(Number),
      notes: [],
    });
    const looped = tinyRun({ epochs: 2 });
    await finish({ ...looped, config: run.config, tokenizer: run.tokenizer } as TrainingRun);
    expect(weightsOf(run.output).equals(weightsOf(looped.output))).toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    [
      "a bare signal",
      new AbortController().signal,
      /^the options are AbortSignal .*: expected an object, and a signal in it, as \{ signal \}$/,
    ],
    ["an unknown option", { signals: 1 }, /^unknown option "signals"; did you mean "signal"/],
    ["no options", null, /^the options are null: expected an object$/],
  ])("refuses a call with %s", async (_, options, message) => {
    const trainer = new Trainer(tinyRun());
    const refused = { code: "INVALID_OPTION", message: expect.stringMatching(message) };
    expect(await errorOf(() => trainer.train(options as object))).toMatchObject(refused);
    expect(await errorOf(() => trainer.events(options as object).next())).toMatchObject(refused);
  });

  it("does not wait for its reader", async () => {
    const run = tinyRun({ epochs: 3 });
    const events: TrainingEvent[] = [];
    for await (const event of new Trainer(run)) {
      events.push(event);
      // The whole run goes by while the reader looks at the first step.
      if (event.type === "step" && event.step === 1) await vi.waitUntil(() => isOver(run.output, 3), 60_000);
    }
    expect(events.filter(({ type }) => type === "step")).toHaveLength(108);
    expect(events.at(-1)!.type).toBe("end");
  });

  it("tells its rate and how long it will take", async () => {
    const { events } = await finish(tinyRun({ epochs: 2 }));
    const steps = events.filter((event) => event.type === "step");
    for (const { rowsPerSecond, tokensPerSecond, secondsLeft } of steps) {
      expect(tokensPerSecond).toBeGreaterThan(rowsPerSecond);
      expect(rowsPerSecond).toBeGreaterThan(0);
      expect(secondsLeft).toBeGreaterThan(0);
      expect(secondsLeft).toBeLessThan(3600);
    }
    const validation = events.filter((event) => event.type === "validation");
    for (const { rowsPerSecond, secondsLeft } of validation) {
      expect(rowsPerSecond).toBeGreaterThan(0);
      expect(secondsLeft).toBeGreaterThanOrEqual(0);
    }
  });

  it("warms the learning rate up and down again", async () => {
    const { events } = await finish(tinyRun({ epochs: 2, warmup: 0.5, learningRate: 1e-3 }));
    const rates = events.flatMap((event) => (event.type === "step" ? [event.learningRate] : []));
    const top = rates.indexOf(Math.max(...rates));
    expect(top).toBe(36);
    expect(rates[top]).toBeCloseTo(1e-3, 9);
    expect(rates.every((rate, i) => i === 0 || i <= top === rate > rates[i - 1]!)).toBe(true);
  });

  it.each(["fp32", "bf16"] as const)(
    "is the same again for the same seed in %s, bit for bit",
    async (precision) => {
      const shared = { ...tinySource(), epochs: 2, precision };
      const [first, again, other] = [tinyRun(shared), tinyRun(shared), tinyRun({ ...shared, seed: 43 })];
      const results = [await finish(first), await finish(again), await finish(other)];
      expect(weightsOf(again.output).equals(weightsOf(first.output))).toBe(true);
      expect(weightsOf(other.output).equals(weightsOf(first.output))).toBe(false);
      const losses = results.map(({ events }) =>
        events.flatMap((event) => (event.type === "step" ? event.loss : [])),
      );
      expect(losses[1]).toEqual(losses[0]);
      expect(losses[2]).not.toEqual(losses[0]);
    },
  );

  it("in bf16 learns as well, and its weights are saved in fp32", async () => {
    const { epochs, end } = await finish(tinyRun({ precision: "bf16" }));
    expect(epochs.at(-1)!.validation!.micro.f1).toBeGreaterThan(0.9);
    await using classifier = await Classifier.load(end.directory);
    expect((await classifier.predict("my parcel is late")).labels).toEqual(["delivery"]);
  });

  it("makes the same steps when its batches are split into parts", async () => {
    const losses = async (gradientAccumulation: number) => {
      const { events } = await finish(tinyRun({ gradientAccumulation, dropout: false, epochs: 1 }));
      return events.flatMap((event) => (event.type === "step" ? [event.loss] : []));
    };
    const whole = await losses(1);
    for (const parts of [3, 100]) {
      for (const [i, loss] of (await losses(parts)).entries()) expect(loss).toBeCloseTo(whole[i]!, 4);
    }
  });

  it("can be made again by the same trainer", async () => {
    const run = tinyRun({ epochs: 1 });
    const trainer = new Trainer(run);
    for await (const _ of trainer);
    const first = weightsOf(run.output);
    for await (const _ of trainer);
    expect(weightsOf(run.output).equals(first)).toBe(true);
  });

  it("goes on from a model that was trained before, and resets a head for other labels", async () => {
    const before = await finish(tinyRun());
    const model = { config: undefined, tokenizer: undefined, model: before.end.directory } as object;
    const more = await finish(tinyRun({ ...model, epochs: 1, learningRate: 1e-5 }));
    expect(more.epochs[0]!.validation!.micro.f1).toBeGreaterThan(0.9);
    const { texts, labels } = tinyDataset(320);
    const renamed = { source: "renamed", texts, labels, labelNames: ["a", "b", "c"] };
    const reset = await finish(tinyRun({ ...model, epochs: 1, train: renamed }));
    expect(reset.events[0]).toMatchObject({
      headReset: true,
      initialised: expect.arrayContaining(["classifier.weight", "classifier.bias"]),
    });
  });
});

describe("validation", () => {
  it("is on the rows of its own dataset when there is one", async () => {
    const { events, epochs } = await finish(tinyRun({ validation: tinyDataset(50, 2), epochs: 1 }));
    expect(events[0]).toMatchObject({ trainingRows: 320, validationRows: 50 });
    expect(epochs[0]!.validation!.rows).toBe(50);
  });

  it("is left out with a split of 0: every epoch is kept, and none is called the best", async () => {
    const { events, epochs, end } = await finish(tinyRun({ validationSplit: 0, epochs: 2 }));
    expect(outline(events)).toEqual(["start", "step", "epoch", "step", "epoch", "end"]);
    expect(events[0]).toMatchObject({ trainingRows: 320, validationRows: 0 });
    expect(epochs.map((epoch) => [epoch.kept, epoch.best, "validation" in epoch])).toEqual(
      Array(2).fill([true, false, false]),
    );
    expect(end).toMatchObject({ reason: "finished", keptEpoch: 2 });
  });

  it.each(["microF1", "macroF1", "subsetAccuracy", "loss"] as const)(
    "keeps the epoch that is best by %s",
    async (bestMetric) => {
      const validation = tinyDataset(60, 2);
      // A learning rate at which the figures jump.
      const { epochs, end } = await finish(
        tinyRun({ bestMetric, validation, epochs: 6, learningRate: 0.04, schedule: "constant" }),
      );
      const figures = epochs.map(({ validation: evaluation }) => {
        const { micro, macro, subsetAccuracy, loss } = evaluation!;
        return { microF1: micro.f1, macroF1: macro.f1, subsetAccuracy, loss: -loss! }[bestMetric];
      });
      const best = figures.indexOf(Math.max(...figures));
      expect(end.keptEpoch).toBe(best + 1);
      expect(epochs.findLast((epoch) => epoch.best)!.epoch).toBe(best + 1);
      await using classifier = await Classifier.load(end.directory);
      expect((await classifier.evaluate(validation)).metrics).toEqual(epochs[best]!.validation);
    },
  );

  it("ends the run early when nothing gets better", async () => {
    const still = { learningRate: 1e-12, weightDecay: 0 };
    const { epochs, end } = await finish(tinyRun({ ...still, epochs: 9, patience: 2 }));
    expect(epochs.map(({ best }) => best)).toEqual([true, false, false]);
    expect(end).toMatchObject({ reason: "early stop", keptEpoch: 1 });
  });

  it("that has nothing to choose by is not waited for: patience is refused", async () => {
    const nothing = { validationSplit: 0, patience: 2 };
    expect(await errorOf(() => finish(tinyRun(nothing)))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/^option patience is 2, but there are no validation rows/),
    });
  });

  it("says when no label reaches its threshold, and keeps the epoch whose scores are best", async () => {
    const { texts, labels } = tinyDataset(320);
    // One row in forty has a label, and the model learns slowly: all probabilities stay low.
    const rare = labels.map((label, i) => (Math.floor(i / 3) % 40 === 0 ? label : 0));
    const train = { source: "rare", texts, labels: rare, labelNames };
    const { epochs, end } = await finish(
      tinyRun({ train, epochs: 4, learningRate: 3e-4, patience: 1, validation: train }),
    );
    expect(epochs.map(({ validation }) => validation!.micro.f1)).toEqual([0, 0, 0, 0]);
    const losses = epochs.map(({ validation }) => validation!.loss!);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(end.keptEpoch).toBe(4);
    expect(end.notes).toEqual([
      expect.stringMatching(/^no label .* reaches a probability of 0\.5, .*--learning-rate.*--epochs/),
    ]);
  });

  it("with other labels than the training rows is refused", async () => {
    const { texts, labels } = tinyDataset(20);
    const validation = { source: "other.csv", texts, labels, labelNames: [...labelNames].reverse() };
    const run = tinyRun({ validation });
    expect(await errorOf(() => finish(run))).toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringMatching(
        /^other.csv has the labels "access", .*expected those of tiny data: "delivery",/,
      ),
    });
    expect(existsSync(run.output)).toBe(false);
  });
});

describe("the output directory", () => {
  it.each<[string, (output: string) => void, RegExp]>([
    ["is a file", (output) => writeFileSync(output, "mine"), /is a file; choose another output directory/],
    [
      "holds files of others",
      (output) => {
        mkdirSync(output);
        writeFileSync(join(output, "thesis.txt"), "mine");
      },
      /holds files that tagformer did not write/,
    ],
  ])("that %s is refused before the first event", async (_, prepare, message) => {
    const run = tinyRun();
    prepare(run.output);
    const seen: string[] = [];
    const error = await errorOf(() => finish(run, undefined, ({ type }) => seen.push(type)));
    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(message) });
    expect(seen).toEqual([]);
  });
});

describe("a trainer", () => {
  const make = (changes: object) => () => new Trainer({ ...tinyRun(), ...changes } as TrainingRun);

  it.each<[string, object, RegExp]>([
    ["a misspelt option", { epoch: 3 }, /unknown option "epoch"; did you mean "epochs"/],
    [
      "a misspelt dataset",
      { validaton: tinyDataset(3) },
      /unknown option "validaton"; did you mean "validation"/,
    ],
    ["a wrong value", { batchSize: 0 }, /^option batchSize is 0: /],
    ["no data", { train: undefined }, /^option train is undefined: expected a dataset/],
    [
      "the reader's result for its dataset",
      { train: { dataset: tinyDataset(3) } },
      /^option train is .*expected a dataset/,
    ],
    ["no output", { output: undefined }, /^option output is undefined/],
    ["two models", { model: "some/model" }, /takes either `model`.* or `config`/],
    ["no model", { config: undefined }, /takes either `model`.* or `config`/],
  ])("refuses %s", async (_, changes, message) => {
    expect(await errorOf(make(changes))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(message),
    });
  });

  const two = tinyDataset(2);
  it.each<[string, object, RegExp]>([
    ["no rows", { texts: [], labels: new Float32Array() }, /has no rows/],
    [
      "no labels",
      { labelNames: [], labels: new Float32Array() },
      /labelNames is \[\]; expected a list of texts/,
    ],
    [
      "too few labels",
      { labels: new Float32Array(5) },
      /Float32Array with 6 values for 2 texts and 3 labels/,
    ],
    ["labels in an array", { labels: [0, 0, 0, 0, 0, 0] }, /must be a Float32Array/],
    [
      "a label of 2",
      { labels: Float32Array.of(0, 0, 0, 0, 2, 0) },
      /label "money" of row 1 is 2; expected 0, 1/,
    ],
    ["two labels of one name", { labelNames: ["a", "b", "a"] }, /two labels are named "a"/],
    ["a text that is none", { texts: ["a", 3] }, /text 1 is of type number/],
  ])("refuses a dataset with %s", async (_, changes, message) => {
    const run = tinyRun({ train: { ...two, ...changes } });
    expect(await errorOf(() => finish(run))).toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringMatching(message),
    });
  });

  it("refuses a tokenizer that does not fit the model, and a device that is not there", async () => {
    const small = tinySource({ vocab_size: 10 });
    expect(await errorOf(() => finish(tinyRun(small)))).toMatchObject({ code: "INVALID_MODEL" });
    expect(await errorOf(() => finish(tinyRun({ device: "cuda" })))).toMatchObject({
      code: "DEVICE_UNAVAILABLE",
    });
  });
});
