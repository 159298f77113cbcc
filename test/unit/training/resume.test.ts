// Runs that are interrupted and resumed: what they leave is what they would have left undisturbed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import { Trainer, type TrainingRun } from "../../../src/training/trainer.js";
import { checkpointsOf, compare, contentOf, elsewhere, interrupt } from "./interrupted-runs.js";
import { errorOf, finish, outline, tinyDataset, tinyRun } from "./tiny-run.js";

const windowsData = (): Dataset => {
  const dataset = tinyDataset(60);
  return {
    ...dataset,
    texts: dataset.texts.map((text, i) => (i % 3 === 0 ? `${text} ${text} ${text} ${text}` : text)),
  };
};

/** Small enough that all of them take seconds: 15 steps an epoch. */
const small = { train: tinyDataset(133), epochs: 3 };

describe("a run that is resumed ends with the bytes of an undisturbed one", () => {
  it.each<[string, Partial<TrainingRun>, number[]]>([
    ["in fp32, interrupted twice", { ...small, testSplit: 0.1 }, [4, 20]],
    ["in bf16", { ...small, precision: "bf16" }, [17]],
    ["interrupted at the end of an epoch", small, [15, 30]],
    ["interrupted after the first step, and after the last but one", small, [1, 44]],
    ["with focal loss and weights from counts", { ...small, loss: "focal", positiveWeight: "counts" }, [11]],
    ["with asymmetric loss and smoothing", { ...small, loss: "asymmetric", labelSmoothing: 0.1 }, [11]],
    ["with gradient accumulation", { ...small, gradientAccumulation: 3 }, [11]],
    [
      "with windows, averaged",
      { ...small, train: windowsData(), maxLength: 8, windowStride: 4, windowPooling: "mean" },
      [9],
    ],
    ["with an average of the weights", { ...small, ema: 0.3 }, [7, 20]],
    ["with an average of the weights in bf16", { ...small, ema: 0.3, precision: "bf16" }, [15]],
    ["with R-Drop and perturbed embeddings", { ...small, rDrop: 0.5, fgm: 0.1 }, [11]],
    ["with labels below others", { ...small, hierarchy: "delivery > money" }, [20]],
    ["with frozen embeddings and layer decay", { ...small, freezeEmbeddings: true, layerDecay: 0.8 }, [11]],
    ["that stops early", { ...small, epochs: 30, patience: 2, learningRate: 1e-9 }, [20, 40]],
    ["that keeps the last epoch, without validation", { ...small, keep: "last", validationSplit: 0 }, [20]],
    [
      "with a constant rate, split by combinations",
      { ...small, schedule: "constant", splitMethod: "combinations" },
      [20],
    ],
  ])("%s", async (_, changes, steps) => {
    await compare(tinyRun(changes), steps);
  });

  it("on another number of threads", async () => {
    const run = tinyRun({ ...small, threads: 2 });
    const one = (directory: string) => ({ ...contentOf(directory), "tagformer.json": "" });
    const undisturbed = await finish(elsewhere({ ...run, threads: 1 } as TrainingRun));
    await interrupt(run, (event) => event.type === "step" && event.step === 21);
    await finish({ ...run, threads: 1, resume: true } as TrainingRun);
    expect(one(run.output)).toEqual(one(undisturbed.end.directory));
  });

  it("and its report but for times, where a line marks the resumption", async () => {
    const run = tinyRun({ ...small, report: true });
    const undisturbed = await finish(elsewhere(run));
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const { end } = await finish({ ...run, resume: true } as TrainingRun);
    const page = readFileSync(end.report!, "utf8");
    expect(/Dashed lines: the run was interrupted, and resumed after step (\d+)\./.exec(page)?.[1]).toBe(
      "20",
    );
    const figures = (file: string) =>
      [...readFileSync(file, "utf8").matchAll(/<td>(\d+\.\d{4})<\/td>/g)].map(String);
    expect(figures(end.report!)).toEqual(figures(undisturbed.end.report!));
  });

  it("when it was interrupted while it validated", async () => {
    const run = tinyRun({ ...small, validation: tinyDataset(700, 2) });
    const undisturbed = await finish(elsewhere(run));
    expect(await interrupt(run, (event) => event.type === "validation")).toBe(true);
    await finish({ ...run, resume: true } as TrainingRun);
    expect(contentOf(run.output)).toEqual(contentOf(undisturbed.end.directory));
  });

  it("when the caller's loop failed", async () => {
    const run = tinyRun(small);
    const undisturbed = await finish(elsewhere(run));
    const failing = async () => {
      for await (const event of new Trainer(run))
        if (event.type === "step" && event.step === 9) throw new Error("mine");
    };
    await expect(failing()).rejects.toThrow("mine");
    await finish({ ...run, resume: true } as TrainingRun);
    expect(contentOf(run.output)).toEqual(contentOf(undisturbed.end.directory));
  });

  it("with more epochs, where the learning rate does not depend on their number", async () => {
    const run = tinyRun({ ...small, schedule: "constant", warmup: 0, epochs: 2 });
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const longer = { ...run, epochs: 4 } as TrainingRun;
    const undisturbed = await finish(elsewhere(longer));
    await finish({ ...longer, resume: true } as TrainingRun);
    expect(contentOf(run.output)).toEqual(contentOf(undisturbed.end.directory));
  });
});

describe("resume", () => {
  it("says where it goes on; its events are those that were left", async () => {
    const run = tinyRun(small);
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const { events } = await finish({ ...run, resume: true } as TrainingRun);
    expect(outline(events).slice(0, 3)).toEqual(["start", "resumed", "step"]);
    expect(events[1]).toEqual({
      ...{ type: "resumed", step: 20, steps: 45, epoch: 2, rowsInEpoch: 40, lostSteps: 0, lostSeconds: 0 },
    });
    expect(events.find(({ type }) => type === "step")).toMatchObject({ step: 21, epoch: 2 });
  });

  it("begins a run where there is none, and changes nothing where one is finished", async () => {
    const run = { ...tinyRun({ ...small, epochs: 1 }), resume: true } as TrainingRun;
    expect((await finish(run)).end.reason).toBe("finished");
    const before = contentOf(run.output);
    const { end, events } = await finish(run);
    expect(events.length).toBe(1);
    expect(end).toMatchObject({ reason: "already finished", directory: run.output, keptEpoch: 1 });
    expect(end.notes[0]).toMatch(/is finished since .*: nothing was changed; --overwrite/);
    expect(contentOf(run.output)).toEqual(before);
  });

  it("writes the report where only that is missing, and trains no more", async () => {
    const run = tinyRun({ ...small, epochs: 2, report: true });
    const page = join(run.output, "report.html");
    // A folder in its place keeps the report from being written, when all else is done.
    const failing = finish(run, undefined, (event) => {
      if (event.type === "epoch" && event.epoch === 2) mkdirSync(page);
    });
    await expect(failing).rejects.toMatchObject({ name: "TagformerError" });
    rmdirSync(page);
    expect((await errorOf(() => finish(run))).message).toContain("has an unfinished run of step 30 of 30");
    const before = readFileSync(join(run.output, "model.safetensors"));
    const { end, events } = await finish({ ...run, resume: true } as TrainingRun);
    expect(outline(events)).toEqual(["start", "resumed", "end"]);
    expect(end).toMatchObject({ reason: "finished", report: page });
    expect(readFileSync(page, "utf8")).toContain("<dt>steps</dt><dd>30</dd>");
    expect(readFileSync(join(run.output, "model.safetensors")).equals(before)).toBe(true);
    expect(existsSync(checkpointsOf(run))).toBe(false);
  });

  it("is refused together with overwrite", async () => {
    const error = await errorOf(
      () => new Trainer({ ...tinyRun(), resume: true, overwrite: true } as TrainingRun),
    );
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("an unfinished run", () => {
  it("is not begun anew by accident: the refusal names step, date and both ways out", async () => {
    const run = tinyRun(small);
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const { code, message } = await errorOf(() => finish(run));
    expect(code).toBe("INVALID_OPTION");
    expect(message).toMatch(
      /has an unfinished run of step 20 of 45 \(epoch 2\), saved \d{4}-\d\d-\d\dT[^;]*; --resume .*--overwrite /,
    );
    const { end } = await finish({ ...run, overwrite: true } as TrainingRun);
    expect(end.reason).toBe("finished");
    expect(existsSync(checkpointsOf(run))).toBe(false);
  });

  it("whose checkpoints are all damaged is neither resumed nor begun anew", async () => {
    const run = tinyRun({ ...small, checkpointSteps: 5 });
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const folder = checkpointsOf(run);
    const names = readdirSync(folder).filter((name) => name.startsWith("checkpoint-"));
    expect(names.length).toBe(2);
    for (const name of names) writeFileSync(join(folder, name, "state.json"), "{}");
    const { message } = await errorOf(() => finish({ ...run, resume: true } as TrainingRun));
    expect(message).toMatch(
      /no checkpoint of the run in .* can be used: .* is skipped: state\.json has 2 bytes/,
    );
    for (const name of names) writeFileSync(join(folder, name, "manifest.json"), "");
    expect((await errorOf(() => finish(run))).message).toContain("whose checkpoints cannot be read");
  });

  it("goes on from the older checkpoint, and says so, when the newer is damaged", async () => {
    const run = tinyRun({ ...small, checkpointSteps: 5 });
    const undisturbed = await finish(elsewhere(run));
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const newest = readdirSync(checkpointsOf(run))
      .filter((name) => name.startsWith("checkpoint-"))
      .sort()
      .at(-1)!;
    writeFileSync(join(checkpointsOf(run), newest, "training.safetensors"), "cut");
    const { events } = await finish({ ...run, resume: true } as TrainingRun);
    const start = events.find((event) => event.type === "start")!;
    expect(start.notes.join("\n")).toMatch(/the checkpoint .* is skipped: training\.safetensors has 3 bytes/);
    expect(events.find((event) => event.type === "resumed")!.step).toBeLessThan(20);
    expect(contentOf(run.output)).toEqual(contentOf(undisturbed.end.directory));
  });
});

describe("another run", () => {
  const otherTexts = (): Dataset => {
    const dataset = tinyDataset(133);
    return { ...dataset, texts: dataset.texts.map((text, i) => (i === 7 ? "hello again" : text)) };
  };
  const otherLabels = (): Dataset => {
    const dataset = tinyDataset(133);
    return { ...dataset, labels: dataset.labels.map((label, i) => (i === 9 ? 1 - label : label)) };
  };

  it.each<[string, Partial<TrainingRun>, RegExp]>([
    ["a text", { train: otherTexts() }, /differ: the texts of the training data; /],
    ["a label", { train: otherLabels() }, /differ: the labels of the training data(; the split)?/],
    [
      "weights of rows",
      { train: { ...tinyDataset(133), weights: new Float32Array(133).fill(2) } },
      /the weights of the training data/,
    ],
    [
      "rows",
      { train: tinyDataset(132) },
      /the number of rows of the training data \(133 when it began, 132 now\)/,
    ],
    [
      "an option",
      { learningRate: 1e-4 },
      /differ: option learningRate \(0\.003 when it began, 0\.0001 now\)\. /,
    ],
    ["the seed", { seed: 43 }, /option seed \(42 when it began, 43 now\)/],
    ["the length of texts", { maxLength: 6 }, /option maxLength \(32 when it began, 6 now\)/],
    [
      "the number of epochs",
      { epochs: 9 },
      /option epochs .*: the learning rate \(schedule linear\) depends on the number of all steps/,
    ],
    [
      "the number of epochs, with a warm-up",
      { epochs: 9, schedule: "constant" },
      /option epochs .*: the warm-up \(0\.1\) is a share of all steps/,
    ],
  ])("is not taken for the one that was interrupted: %s", async (_, changes, expected) => {
    const run = tinyRun({ ...small, ...("schedule" in changes && { schedule: changes.schedule }) });
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    const changed = { ...run, ...changes, resume: true } as TrainingRun;
    const { code, message } = await errorOf(() => finish(changed));
    expect(code).toBe("INVALID_OPTION");
    expect(message).toMatch(expected);
    expect(message).toContain("--allow-inexact-resume");
    const { end, events } = await finish({ ...changed, allowInexactResume: true } as TrainingRun);
    expect(end.reason).toBe("finished");
    const start = events.find((event) => event.type === "start")!;
    expect(start.notes.join("\n")).toContain("the result is that of no undisturbed run");
  });
});

describe("a checkpoint that cannot be written", () => {
  it("ends no run: one warning, and the end says that there was none", async () => {
    const run = tinyRun({ ...small, checkpointSteps: 3 });
    const { events, end } = await finish(run, undefined, (event) => {
      if (event.type !== "step" || event.step > 1) return;
      rmSync(checkpointsOf(run), { recursive: true });
      writeFileSync(checkpointsOf(run), "a file in its place");
    });
    expect(events.filter(({ type }) => type === "checkpointFailed")).toEqual([
      { type: "checkpointFailed", problem: expect.stringMatching(/./) },
    ]);
    expect(end).toMatchObject({ reason: "finished", checkpointProblem: expect.stringMatching(/./) });
  });

  it("is not tried without checkpoints", async () => {
    const run = tinyRun({ ...small, checkpoints: false });
    await interrupt(run, (event) => event.type === "step" && event.step === 20);
    expect(existsSync(checkpointsOf(run))).toBe(false);
  });
});
