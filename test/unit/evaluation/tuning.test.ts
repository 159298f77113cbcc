import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { columnOf, cutsOf } from "../../../src/evaluation/cuts.js";
import { bceWithLogits, sigmoid } from "../../../src/evaluation/loss.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { divideByTemperature, fitTemperature } from "../../../src/evaluation/temperature.js";
import { shrink } from "../../../src/evaluation/threshold-search.js";
import { tune } from "../../../src/evaluation/tuning.js";
import { twoPassThreshold } from "../../../src/evaluation/two-pass.js";
import type { TuningOptions } from "../../../src/options/evaluation.js";
import { errorOf } from "../training/tiny-run.js";

const NaN_ = Number.NaN;
const names = ["a", "b", "c"];
const exact = { shrinkage: 0, folds: 0 } as const;

interface Task {
  readonly logits: Float32Array;
  readonly labels: Float32Array;
}

/** Few distinct logits, so that ties are common; some labels are missing. */
const smallTask: fc.Arbitrary<Task> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-200, 0.25, 30)),
      fc.constantFrom(0, 0, 1, 1, NaN_),
    ),
    { minLength: 3, maxLength: 36 },
  )
  .map((elements) => elements.slice(0, elements.length - (elements.length % 3)))
  .map((elements) => ({
    logits: Float32Array.from(elements, ([logit]) => logit),
    labels: Float32Array.from(elements, ([, label], i) => (i === 0 ? 1 : label)),
  }));

/** Labels of very different frequency, whose logits are shifted and too large. */
function largeTask(rows: number, seed: number): Task {
  const random = generator(seed, "tuning");
  const labels = Float32Array.from({ length: 3 * rows }, (_, i) =>
    Number(random.float() < [0.3, 0.1, 0.02][i % 3]!),
  );
  const logits = labels.map((set, i) => {
    const noise = random.float() + random.float() + random.float() - 1.5;
    return 3 * (set + 0.8 * noise - [0.4, 1, 1.6][i % 3]!);
  });
  return { logits, labels };
}

/** F1 as the textbook has it, apart from the code under test and fast enough for thousands of thresholds. */
function figure({ logits, labels }: Task, thresholds: readonly number[], average: "micro" | "macro"): number {
  const f1 = (hits: number, wrong: number) => (hits === 0 ? 0 : (2 * hits) / (2 * hits + wrong));
  const hits = [0, 0, 0];
  const wrong = [0, 0, 0];
  for (const [i, probability] of sigmoid(logits).entries()) {
    const given = probability > Math.fround(thresholds[i % 3]!);
    if (given && labels[i] === 1) hits[i % 3]!++;
    else if (labels[i] === Number(!given)) wrong[i % 3]!++;
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value);
  if (average === "micro") return f1(sum(hits), sum(wrong));
  const labelled = [0, 1, 2].filter((label) =>
    labels.some((set, i) => i % 3 === label && !Number.isNaN(set)),
  );
  return sum(labelled.map((label) => f1(hits[label]!, wrong[label]!))) / labelled.length;
}

/** Every threshold that decides differently, of one label or of all. */
function candidates(logits: Float32Array): number[] {
  return [0, ...sigmoid(logits)];
}

describe("tune", () => {
  it("finds the best global threshold of all, by micro and macro average", () => {
    fc.assert(
      fc.property(smallTask, fc.constantFrom("micro", "macro"), (task, average) => {
        const { thresholds } = tune(task.logits, task.labels, names, { ...exact, method: "global", average });
        const best = Math.max(...candidates(task.logits).map((t) => figure(task, [t, t, t], average)));
        expect(new Set(thresholds).size).toBe(1);
        expect(figure(task, thresholds, average)).toBeCloseTo(best, 12);
      }),
      { numRuns: 300 },
    );
  });

  it("finds the best thresholds of all for each label, by micro and macro average", () => {
    fc.assert(
      fc.property(smallTask, fc.constantFrom("micro", "macro"), (task, average) => {
        // A label without positives takes the global threshold; here it must not hide what the others can reach.
        const all = { ...task, labels: task.labels.map((label, i) => (i < 3 ? 1 : label)) };
        const { thresholds } = tune(all.logits, all.labels, names, { ...exact, average });
        const [a, b, c] = names.map((_, i) => [...new Set(candidates(columnOf(all.logits, i, 3)))]);
        let best = 0;
        for (const x of a!)
          for (const y of b!) for (const z of c!) best = Math.max(best, figure(all, [x, y, z], average));
        expect(figure(all, thresholds, average)).toBeCloseTo(best, 12);
      }),
      { numRuns: 40 },
    );
  });

  it("is never worse than the two-pass search on the data it was tuned on, shrunk or not", () => {
    const shrinkage = fc.constantFrom(0, 1, 10, 1000);
    fc.assert(
      fc.property(smallTask, fc.constantFrom("global", "per-label"), shrinkage, (task, method, by) => {
        const micro = (options: TuningOptions) =>
          tune(task.logits, task.labels, names, { ...options, folds: 0 }).tuned.micro.f1;
        expect(micro({ method, shrinkage: by })).toBeGreaterThanOrEqual(
          micro({ method: "two-pass" }) - 1e-12,
        );
      }),
      { numRuns: 300 },
    );
  });

  it("meets a target of precision with the most recall, and one of recall with the most precision", () => {
    const task = largeTask(100, 3);
    const precise = tune(task.logits, task.labels, names, { ...exact, targetPrecision: 0.8 });
    const found = tune(task.logits, task.labels, names, { ...exact, targetRecall: 0.9 });
    for (const [i] of names.entries()) {
      const probabilities = sigmoid(columnOf(task.logits, i, 3));
      const truth = columnOf(task.labels, i, 3);
      const all = [...probabilities].map((t) => evaluate({ probabilities }, truth, ["x"], t).labels[0]!);
      const reached = precise.tuned.labels[i]!;
      expect(reached.precision).toBeGreaterThanOrEqual(0.8);
      expect(reached.recall).toBe(Math.max(...all.map((at) => (at.precision >= 0.8 ? at.recall : 0))));
      const recalled = found.tuned.labels[i]!;
      expect(recalled.recall).toBeGreaterThanOrEqual(0.9);
      expect(recalled.precision).toBeGreaterThanOrEqual(
        Math.max(...all.map((at) => (at.recall >= 0.9 ? at.precision : 0))),
      );
    }
  });

  it("never gives a label without positives when a precision is asked for", () => {
    // b has no positive; the threshold that serves a would give it twice.
    const logits = Float32Array.of(3, 2, 2, 2, -3, -3);
    const labels = Float32Array.of(1, 0, 1, 0, 0, 0);
    const { thresholds, tuned, neverGiven } = tune(logits, labels, ["a", "b"], {
      folds: 0,
      targetPrecision: 0.5,
    });
    expect(thresholds[1]).toBe(1);
    expect(tuned.labels.map(({ falsePositives }) => falsePositives)).toEqual([0, 0]);
    expect(neverGiven).toEqual(["b"]);
  });

  it.each([
    [55, 100, 0.55],
    [7, 10, 0.7],
    [29, 100, 0.29],
    [999, 1000, 0.999],
  ])("takes %d of %d for a target of %d", (hits, given, target) => {
    const of = (set: number, not: number) =>
      Float32Array.from({ length: given + 10 }, (_, i) => (i < given ? set : not));
    const labels = of(1, 0).map((_, i) => Number(i < hits));
    const { thresholds, tuned } = tune(of(1, -1), labels, ["a"], { folds: 0, targetPrecision: target });
    expect(thresholds[0]).toBeLessThan(1);
    expect(tuned.labels[0]).toMatchObject({ truePositives: hits, falsePositives: given - hits });
    // Recall: `hits` of `given` positives stand above the rest.
    const found = tune(
      of(1, 1).map((_, i) => (i < hits ? 1 : i < given ? -1 : 0)),
      of(1, 0),
      ["a"],
      {
        folds: 0,
        targetRecall: target,
      },
    );
    expect(found.tuned.labels[0]).toMatchObject({ truePositives: hits, falsePositives: 0 });
  });

  it("says what each label reaches of its target on rows that its threshold did not see", () => {
    const task = largeTask(300, 3);
    const { targets, crossFitted } = tune(task.logits, task.labels, names, { targetPrecision: 0.8 });
    for (const [i, target] of targets!.entries()) {
      const { precision, recall } = crossFitted!.labels[i]!;
      expect(target).toMatchObject({ name: names[i], precision, recall });
      expect(target.missChance).toBeGreaterThan(0);
      expect(target.missChance).toBeLessThan(1);
    }
    expect(tune(task.logits, task.labels, names, { targetPrecision: 0.8, folds: 0 }).targets).toBeNull();
    expect(tune(task.logits, task.labels, names, {}).targets).toBeNull();
  });

  it("names the labels that are never given, and what the macro average would do", () => {
    // b's two positives stand among so many others that giving it costs more micro-F1 than it brings.
    const random = generator(4, "rare");
    const labels = Float32Array.from({ length: 800 }, (_, i) =>
      Number(i % 2 === 0 ? i % 8 === 0 : i === 3 || i === 301),
    );
    const logits = labels.map((set, i) => (i % 2 === 0 ? 4 * set - 2 : set + 3 * random.float() - 3));
    const { neverGiven, macroInstead, tuned } = tune(logits, labels, ["a", "b"], { folds: 0, shrinkage: 0 });
    expect(neverGiven).toEqual(["b"]);
    expect(macroInstead).toMatchObject({ neverGiven: [] });
    expect(macroInstead!.macroF1).toBeGreaterThan(tuned.macro.f1);
    expect(macroInstead!.microF1).toBeLessThanOrEqual(tuned.micro.f1);
  });

  it("refuses more folds than clusters of rows", async () => {
    const { logits, labels } = largeTask(30, 6);
    const clusters = Int32Array.from({ length: 30 }, (_, row) => row % 3);
    const error = await errorOf(() => tune(logits, labels, names, {}, clusters));
    expect(error.message).toMatch(/folds is 5, but the rows are of only 3 groups or texts/);
  });

  it("never gives a label that cannot be as precise as asked", () => {
    const logits = Float32Array.of(3, 2, 1, 0);
    const { thresholds } = tune(logits, Float32Array.of(0, 1, 0, 0), ["a"], {
      folds: 0,
      targetPrecision: 0.9,
    });
    expect(thresholds).toEqual([1]);
  });

  it("draws the thresholds of rare labels toward the global one, and leaves labels without positives there", () => {
    const { logits, labels } = largeTask(1000, 5);
    const withoutC = labels.map((label, i) => (i % 3 === 2 ? 0 : label));
    const thresholdsWith = (shrinkage: number, given = labels) =>
      tune(logits, given, names, { folds: 0, average: "macro", shrinkage }).thresholds;
    const { thresholds: global } = tune(logits, labels, names, {
      folds: 0,
      average: "macro",
      method: "global",
    });
    const [own, drawn, far] = [thresholdsWith(0), thresholdsWith(20), thresholdsWith(1e9)];
    for (const i of [0, 1, 2]) {
      expect(Math.abs(drawn[i]! - global[i]!)).toBeLessThanOrEqual(Math.abs(own[i]! - global[i]!));
      expect(far[i]).toBeCloseTo(global[i]!, 5);
    }
    const share = (i: number) => Math.abs(drawn[i]! - own[i]!) / Math.abs(global[i]! - own[i]!);
    expect(share(2)).toBeGreaterThan(share(0)); // label c has 20 positives, label a 300
    const { thresholds: other } = tune(logits, withoutC, names, {
      folds: 0,
      average: "macro",
      method: "global",
    });
    expect(thresholdsWith(0, withoutC)[2]).toBe(other[0]);
    expect(shrink(0.9, 0.1, 10, 10)).toBeCloseTo(0.5, 12);
  });

  it("reports cross-fitted figures that do not flatter", () => {
    // Labels that logits say nothing about: whatever is found on some rows is worth nothing on others.
    const random = generator(9, "noise");
    const labels = Float32Array.from({ length: 300 }, () => Number(random.float() < 0.2));
    const logits = labels.map(() => 4 * random.float() - 2);
    const { tuned, crossFitted } = tune(logits, labels, names, { average: "macro", shrinkage: 0, folds: 5 });
    expect(crossFitted!.macro.f1).toBeLessThan(tuned.macro.f1 - 0.02);
    // On much data they agree, and both gain over 0.5; on data of their own the thresholds keep what was promised.
    const task = largeTask(6000, 1);
    const found = tune(task.logits, task.labels, names, { average: "macro", temperature: "per-label" });
    const fresh = largeTask(6000, 2);
    const calibrated = divideByTemperature(fresh.logits, found.temperatures);
    const kept = evaluate({ logits: calibrated }, fresh.labels, names, found.thresholds).macro.f1;
    expect(found.crossFitted!.macro.f1).toBeGreaterThan(found.untuned.macro.f1 + 0.02);
    // Label c has 120 positives in each table, so the difference has a standard error of 0.015.
    expect(Math.abs(kept - found.crossFitted!.macro.f1)).toBeLessThan(0.045);
    expect(found.crossFitted!.loss).toBeLessThan(found.untuned.loss!);
  });

  it("gives the same for the same seed", () => {
    const { logits, labels } = largeTask(200, 6);
    const once = tune(logits, labels, names, { seed: 1, temperature: "per-label" });
    expect(tune(logits, labels, names, { seed: 1, temperature: "per-label" })).toEqual(once);
    expect(tune(logits, labels, names, { seed: 2, temperature: "per-label" }).crossFitted).not.toEqual(
      once.crossFitted,
    );
  });

  it.each<[string, TuningOptions, RegExp]>([
    // Refused by the types as well; JavaScript has none.
    [
      "both targets",
      { targetPrecision: 0.9, targetRecall: 0.9 } as TuningOptions,
      /targetRecall is 0.9: expected it alone/,
    ],
    [
      "a goal for the two-pass search",
      { method: "two-pass", beta: 2 },
      /method is 'two-pass': it searches by micro-F1/,
    ],
    ["one fold", { folds: 1 }, /folds is 1: expected 0, or at least 2/],
    ["more folds than rows", { folds: 5 }, /folds is 5, but there are only 2 rows/],
  ])("refuses %s", async (_, options, message) => {
    const two = Float32Array.of(1, 0);
    const error = await errorOf(() => tune(two, two, ["a"], options));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).toMatch(message);
  });
});

describe("twoPassThreshold", () => {
  it("walks as the notebook does: the first best tenth, then the hundredths above it", () => {
    const probabilities = Float32Array.of(0.95, 0.64, 0.635, 0.62, 0.58, 0.2);
    expect(twoPassThreshold(cutsOf(probabilities, Float32Array.of(1, 1, 0, 0, 0, 0)))).toBe(0.02 + 0.6);
    expect(twoPassThreshold(cutsOf(probabilities, Float32Array.of(1, 1, 1, 1, 1, 0)))).toBe(0.2);
    expect(twoPassThreshold(cutsOf(probabilities, Float32Array.of(0, 0, 0, 0, 0, 0)))).toBe(0.1);
  });
});

describe("fitTemperature", () => {
  it("finds the smallest cross-entropy", () => {
    const { logits, labels } = largeTask(500, 4);
    const temperature = fitTemperature(logits, labels);
    const loss = (t: number) => bceWithLogits(divideByTemperature(logits, [t]), labels)!;
    for (const other of [0.5, 0.99, 1.01, 2]) {
      expect(loss(temperature)).toBeLessThan(loss(other * temperature));
    }
  });

  it("leaves the model's probabilities where nothing is ever wrong, and stays in bounds where everything is", () => {
    expect(fitTemperature(Float32Array.of(3, -3), Float32Array.of(1, 0))).toBe(1);
    expect(fitTemperature(Float32Array.of(3, -3), Float32Array.of(0, 1))).toBeCloseTo(20, 6);
    expect(fitTemperature(Float32Array.of(3, -3), Float32Array.of(NaN_, NaN_))).toBe(1);
    expect(fitTemperature(Float32Array.of(0, 0), Float32Array.of(1, 0))).toBe(1);
    expect(fitTemperature(Float32Array.of(1e30, -1e30), Float32Array.of(1, 0))).toBeGreaterThan(0);
  });
});
