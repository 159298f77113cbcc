// The preset auto with a real engine and a tiny model: what it decides, that it can be repeated, and interrupted anywhere.
import { existsSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { nativeBuild } from "../../../../src/native/build.js";
import { multipliesBf16 } from "../../../../src/training/auto/reading.js";
import type { TrainingEvent } from "../../../../src/training/events.js";
import { finish, labelNames, recordOf, tinyDataset, tinyRun, tinySource, weightsOf } from "../tiny-run.js";

const source = tinySource();
/** What a user gives who gives nothing, but for the time that a test may take, and for what depends on the processor. */
const auto = (changes: object = {}) =>
  tinyRun({
    ...source,
    preset: "auto",
    learningRate: undefined,
    epochs: undefined,
    batchSize: 4,
    precision: "fp32",
    ...changes,
  });
const budgetSteps = 400;

describe("the preset auto", () => {
  it("tries rates, says what it decided and why, and leaves nothing behind", async () => {
    const run = auto();
    const { events, end, epochs } = await finish(run);
    const search = events.find((event) => event.type === "search")!;
    expect(search).toMatchObject({ isGiven: false, learningRates: expect.any(Array), epochs: 4 });
    expect(search.learningRates).toHaveLength(4);
    const trials = events.filter((event) => event.type === "trialEnd");
    expect(trials).toHaveLength(4 + 2);
    const start = events.find((event) => event.type === "start")!;
    expect(start.choices.map(({ option }) => option)).toEqual(["learningRate", "epochs"]);
    const rate = start.choices[0]!;
    expect(search.learningRates).toContain(rate.value);
    expect(rate.reason).toContain("the best of 4");
    expect(epochs).toHaveLength(4);
    expect(epochs.at(-1)!.validation!.macro.averagePrecision).toBeGreaterThan(0.95);
    const record = recordOf(end.directory);
    expect(record.choices).toEqual(start.choices);
    expect(record.repeatWith).toBe(start.repeatWith);
    expect(record.thresholds).toHaveProperty(labelNames[0]!);
    expect(end.baseline).toBeDefined();
    expect(readdirSync(dirname(end.directory)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("gives the same weights as the run that its options say, without a search", async () => {
    const searched = auto({ budgetSteps });
    const { events } = await finish(searched);
    const { repeatWith } = events.find((event) => event.type === "start")!;
    expect(repeatWith).toContain("--preset plain");
    const { options } = recordOf(searched.output);
    const plain = tinyRun({
      ...source,
      preset: "plain",
      ...{ batchSize: 4, learningRate: options.learningRate, epochs: options.epochs },
      ...{ headBias: options.headBias, bestMetric: options.bestMetric, warmup: options.warmup },
    });
    const { epochs } = await finish(plain);
    expect(weightsOf(plain.output).equals(weightsOf(searched.output))).toBe(true);
    expect(epochs.map(({ trainingLoss }) => trainingLoss)).toEqual(
      recordOf(searched.output).history.map(({ trainingLoss }: { trainingLoss: number }) => trainingLoss),
    );
  });

  it("keeps what is given, and searches for nothing where both are", async () => {
    const given = await finish(auto({ learningRate: 2e-3, epochs: 1 }));
    expect(given.events.some(({ type }) => type === "search")).toBe(false);
    expect(given.epochs).toHaveLength(1);
    const rate = await finish(auto({ learningRate: 2e-3, budgetSteps: 100 }));
    const start = rate.events.find((event) => event.type === "start")!;
    expect(start.choices.map(({ option }) => option)).toEqual(["epochs"]);
    expect(start.steps).toBeLessThanOrEqual(100);
    expect(rate.epochs.length).toBe(start.epochs);
    const epochs = await finish(auto({ epochs: 1 }));
    expect(
      epochs.events.find((event) => event.type === "start")!.choices.map(({ option }) => option),
    ).toEqual(["learningRate"]);
    expect(epochs.epochs).toHaveLength(1);
  });

  it("makes steps of fewer rows where there are few, and says why", async () => {
    const { events } = await finish(auto({ batchSize: undefined, epochs: 1 }));
    const { choices, repeatWith } = events.find((event) => event.type === "start")!;
    expect(choices.map(({ option }) => option)).toEqual(["batchSize", "learningRate"]);
    expect(choices[0]!).toMatchObject({ value: 8, reason: expect.stringContaining("too few") });
    expect(repeatWith).toContain("--batch-size 8");
    const rated = await finish(auto({ batchSize: undefined, learningRate: 2e-3, budgetSteps: 20 }));
    const start = rated.events.find((event) => event.type === "start")!;
    expect(start.choices.map(({ option }) => option)).toEqual(["epochs"]);
  });

  it("ends a run in the middle of an epoch where the budget does, and the schedule with it", async () => {
    const { events, epochs } = await finish(auto({ learningRate: 2e-3, budgetSteps: 50 }));
    const steps = events.filter((event) => event.type === "step");
    expect(epochs).toHaveLength(1);
    expect(steps.length).toBeLessThan(50);
    expect(steps.at(-1)!.learningRate).toBeLessThan(2e-3 / 20);
  });

  it("computes in bf16 where the processor multiplies it, and says so", async () => {
    const { events } = await finish(auto({ precision: undefined, learningRate: 2e-3, epochs: 1 }));
    const start = events.find((event) => event.type === "start")!;
    const { kernels } = await nativeBuild();
    const multiplies = multipliesBf16(kernels, cpus()[0]!.model);
    const choice = { option: "precision", value: "bf16", reason: expect.stringContaining("this processor") };
    expect(start.choices).toEqual(multiplies ? [choice] : []);
  });

  it("takes the usual rate where no rows can judge a trial", async () => {
    const { events } = await finish(auto({ validationSplit: 0, epochs: 1 }));
    const start = events.find((event) => event.type === "start")!;
    expect(start.choices).toMatchObject([{ option: "learningRate", value: 1e-3 }]);
    expect(start.choices[0]!.reason).toContain("no validation rows");
  });

  it("does not choose a rate at which the loss is not finite", async () => {
    const train = tinyDataset(320);
    const { events } = await finish(auto({ train, budgetSteps, maxGradientNorm: 0, epsilon: 1e-30 }));
    expect(events.at(-1)).toMatchObject({ type: "end", reason: "finished" });
  });
});

describe("an interrupted search", () => {
  it.each([
    ["in its first trial", (event: TrainingEvent, seen: number) => event.type === "trial" && seen === 3],
    ["after two trials", (event: TrainingEvent) => event.type === "trialEnd"],
    ["in a finalist", (event: TrainingEvent) => event.type === "trial" && event.from > 0],
    ["in the run", (event: TrainingEvent) => event.type === "epoch"],
  ])("%s goes on bit for bit", async (_, at) => {
    const whole = auto({ budgetSteps });
    await finish(whole);
    const run = auto({ budgetSteps });
    const controller = new AbortController();
    let seen = 0;
    const interrupted = finish(run, controller.signal, (event) => {
      if (event.type === "trial") seen++;
      if (at(event, seen)) controller.abort();
    });
    await interrupted.catch((error: unknown) => expect(error).toBe(controller.signal.reason));
    expect(controller.signal.aborted).toBe(true);
    const { end } = await finish({ ...run, resume: true });
    expect(end.reason).toBe("finished");
    expect(weightsOf(run.output).equals(weightsOf(whole.output))).toBe(true);
    expect(existsSync(`${dirname(run.output)}/.model.run`)).toBe(false);
  });
});
