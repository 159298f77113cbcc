// Recipes of a whole run, with a real engine and a tiny model: windows, splits, weights, presets, losses.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { Classifier } from "../../../src/classifier.js";
import type { Dataset } from "../../../src/data/dataset.js";
import { stratifiedFolds } from "../../../src/data/split.js";
import { formatFolds } from "../../../src/data/split-file.js";
import { errorOf, finish, temporaryFolder, tinyDataset, tinyRun, tinySource } from "./tiny-run.js";

const weightsOf = (directory: string) => readFileSync(join(directory, "model.safetensors"));
const recordOf = (directory: string) => JSON.parse(readFileSync(join(directory, "tagformer.json"), "utf8"));

/** The tiny texts behind up to twenty words that say nothing. */
function longDataset(rows: number, seed: number): Dataset {
  const { texts, ...rest } = tinyDataset(rows, seed);
  const random = generator(seed, "long texts");
  return { ...rest, texts: texts.map((text) => `${"hello ".repeat(random.below(20))}${text}`) };
}

describe("windows", () => {
  const run = { ...tinySource(), train: longDataset(320, 1), maxLength: 10, epochs: 7 };

  it.each(["max", "mean"] as const)(
    "let a run learn what stands beyond its maxLength (%s)",
    async (windowPooling) => {
      const windows = tinyRun({ ...run, windowStride: 6, windowPooling });
      const { epochs, events } = await finish(windows);
      const start = events[0]!;
      expect(start).toMatchObject({ maxLength: 10, truncatedTexts: expect.any(Number) });
      expect(start.type === "start" && start.truncatedTexts > 100).toBe(true);
      expect(epochs.at(-1)!.validation!.micro.f1).toBeGreaterThan(windowPooling === "max" ? 0.9 : 0.8);
      expect(events.findLast((event) => event.type === "validation")).toMatchObject({
        rows: 32,
        totalRows: 32,
      });

      // A classifier reads texts as its training did, unless told otherwise.
      const unseen = longDataset(200, 2);
      await using classifier = await Classifier.load(windows.output, { threads: 1 });
      expect(classifier.maxLength).toBe(10);
      const { metrics } = await classifier.evaluate(unseen);
      await using cutting = await Classifier.load(windows.output, { threads: 1, windowStride: 0 });
      expect(metrics.micro.f1).toBeGreaterThan((await cutting.evaluate(unseen)).metrics.micro.f1 + 0.1);
    },
  );

  it("make no difference to texts that are short", async () => {
    const short = { ...tinySource(), epochs: 1, maxLength: 20 };
    const [cut, windows] = [tinyRun(short), tinyRun({ ...short, windowStride: 7 })];
    await finish(cut);
    await finish(windows);
    expect(weightsOf(windows.output).equals(weightsOf(cut.output))).toBe(true);
  });
});

describe("a split", () => {
  const shared = { ...tinySource(), epochs: 1 };

  it("lies beside the model, and repeats the run from there", async () => {
    const first = tinyRun({ ...shared, splitMethod: "iterative" });
    await finish(first);
    const file = join(first.output, "split.csv");
    const table = readFileSync(file, "utf8");
    expect(table.match(/validation/g)!.length).toBeGreaterThan(25);
    const again = tinyRun({ ...shared, splitFile: file });
    await finish(again);
    expect(weightsOf(again.output).equals(weightsOf(first.output))).toBe(true);
    expect(readFileSync(join(again.output, "split.csv"), "utf8")).toBe(table);
    const other = tinyRun({ ...shared, splitMethod: "combinations" });
    await finish(other);
    expect(readFileSync(join(other.output, "split.csv"), "utf8")).not.toBe(table);
  });

  it("may be a fold", async () => {
    const train = tinyDataset(320);
    const folds = stratifiedFolds(train, { folds: 4, seed: 1 });
    const splitFile = join(temporaryFolder(), "folds.csv");
    writeFileSync(splitFile, formatFolds(train, folds));
    const { events } = await finish(tinyRun({ ...shared, train, splitFile, fold: 2 }));
    expect(events[0]).toMatchObject({ trainingRows: 240, validationRows: 80 });
  });

  it("is refused where it contradicts other options", async () => {
    const both = tinyRun({ ...shared, splitFile: "x.csv", validation: tinyDataset(10) });
    expect(await errorOf(() => finish(both))).toMatchObject({ code: "INVALID_OPTION" });
    const noFile = tinyRun({ ...shared, fold: 1 });
    expect(await errorOf(() => finish(noFile))).toMatchObject({ code: "INVALID_OPTION" });
  });
});

it("rows of weight 0 teach nothing", async () => {
  const good = tinyDataset(320, 1);
  const bad = tinyDataset(320, 5);
  const labels = Float32Array.from([...good.labels, ...bad.labels.map((label) => 1 - label)]);
  const weights = Float32Array.from({ length: 640 }, (_, row) => Number(row < 320));
  const train = { ...good, texts: [...good.texts, ...bad.texts], labels };
  const options = { ...tinySource(), validation: tinyDataset(100, 2), epochs: 4 };
  const weighted = await finish(tinyRun({ ...options, train: { ...train, weights } }));
  const plain = await finish(tinyRun({ ...options, train }));
  expect(weighted.epochs.at(-1)!.validation!.micro.f1).toBeGreaterThan(0.9);
  expect(plain.epochs.at(-1)!.validation!.micro.f1).toBeLessThan(0.8);
});

it.each([
  { loss: "focal" },
  { loss: "asymmetric" },
  { positiveWeight: "counts" },
  { layerDecay: 0.8 },
] as const)("a run learns with %o", async (options) => {
  const { epochs } = await finish(tinyRun({ ...options, learningRate: 5e-3, maxGradientNorm: 0 }));
  expect(epochs.at(-1)!.validation!.macro.f1).toBeGreaterThan(0.85);
});

it("the seed preset keeps the last epoch, at a constant rate", async () => {
  const run = tinyRun({ preset: "seed", learningRate: 3e-3, epochs: 3, batchSize: 8 });
  const { epochs, end, events } = await finish(run);
  expect(epochs.map(({ kept }) => kept)).toEqual([true, true, true]);
  expect(end.keptEpoch).toBe(3);
  expect(new Set(events.flatMap((event) => (event.type === "step" ? [event.learningRate] : [])))).toEqual(
    new Set([3e-3]),
  );
  expect(recordOf(run.output).options).toMatchObject({
    preset: "seed",
    weightDecay: 0,
    epsilon: 1e-6,
    seed: 2020,
  });
});
