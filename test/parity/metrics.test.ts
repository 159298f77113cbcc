import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/evaluation/metrics.js";
import { classificationReport, toFixedHalfEven } from "../../src/evaluation/report.js";
import { runPython } from "./python.js";

interface Case {
  readonly names: string[];
  readonly logits: number[];
  readonly labels: (number | null)[];
  readonly thresholds: number[];
  readonly digits: number;
}

interface Expected {
  readonly loss: number;
  readonly labels: (Record<string, number | null> | null)[];
  readonly whole: (Record<string, unknown> & { report: string }) | null;
}

// Few distinct logits make ties in the ranking; a column or row of one kind makes divisions by zero.
const logit = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.float({ min: -30, max: 30, noNaN: true }),
  fc.constantFrom(-1e30, -100, 100),
);
const name = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }),
  fc.constantFrom("toxic", "severe_toxic", "Überraschung", "злость", "😀👍🏽", "怒り"),
);
// A threshold that single precision cannot tell from the probability of the logit 1, and double precision can.
const sigmoidOfOne = 1 / (1 + Math.exp(-1));
const missing = fc.constantFrom(0, 0, 0.2);

const randomCase: fc.Arbitrary<Case> = fc
  .tuple(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 7 }),
    fc.constantFrom(0, 0.02, 0.3, 1),
    missing,
  )
  .chain(([rows, columns, rate, missingRate]) => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const label = fc
      .tuple(unit, unit)
      .map(([drawn, gone]) => (gone < missingRate ? null : Number(drawn < rate)));
    const each = { minLength: columns, maxLength: columns };
    const all = { minLength: rows * columns, maxLength: rows * columns, size: "max" } as const;
    return fc.record({
      names: fc.array(name, each),
      logits: fc.array(logit, all).map((values) => Array.from(Float32Array.from(values))),
      labels: fc.array(label, all),
      thresholds: fc.oneof(
        fc.constant(new Array<number>(columns).fill(0.5)),
        fc.array(fc.constantFrom(0, 0.1, 0.5, sigmoidOfOne, 0.9, 1), each),
      ),
      digits: fc.constantFrom(0, 1, 2, 2, 3, 4, 14),
    });
  })
  .filter(({ labels }) => labels.some((label) => label !== null));

const corners: Case[] = [
  { ...emptyCase(2), logits: [-1, -2, -3, -4], labels: [0, 0, 0, 0] },
  { ...emptyCase(2), logits: [1, 2, 3, 4], labels: [1, 1, 1, 1] },
  { ...emptyCase(2), logits: [1, 2, 3, 4], labels: [null, 1, null, 0] },
  { ...emptyCase(2), logits: [1, 2, 3, 4], labels: [null, null, 1, 0] },
  { ...emptyCase(1), logits: [0, 0, 0], labels: [1, 0, 1] },
  { ...emptyCase(1), logits: [3], labels: [1] },
];

function emptyCase(columns: number): Case {
  const names = Array.from({ length: columns }, (_, i) => `label ${i}`);
  return { names, logits: [], labels: [], thresholds: names.map(() => 0.5), digits: 2 };
}

describe("metrics against scikit-learn", () => {
  const cases = [...corners, ...fc.sample(randomCase, { numRuns: 400, seed: 7 })];
  const expected = runPython("metrics.py", cases) as Expected[];
  const evaluations = cases.map(({ logits, labels, names, thresholds }) =>
    evaluate(
      { logits: Float32Array.from(logits) },
      Float32Array.from(labels, (label) => label ?? Number.NaN),
      names,
      thresholds,
    ),
  );

  it("has the same loss as PyTorch", () => {
    for (const [i, { loss }] of evaluations.entries()) {
      expect(Math.abs(loss! - expected[i]!.loss), `case ${i}`).toBeLessThanOrEqual(
        1e-12 * Math.max(1, expected[i]!.loss),
      );
    }
  });

  it("has the same counts and metrics for each label, over its labelled rows", () => {
    let compared = 0;
    for (const [i, { labels }] of evaluations.entries()) {
      for (const [column, { name: _, rocAuc, averagePrecision, ...exact }] of labels.entries()) {
        const theirs = expected[i]!.labels[column];
        if (!theirs) {
          expect(exact).toMatchObject({ support: 0, precision: 0, recall: 0, f1: 0, trueNegatives: 0 });
          continue;
        }
        const { rocAuc: theirAuc, averagePrecision: theirPrecision, ...theirExact } = theirs;
        expect(exact, `case ${i}, label ${column}`).toEqual(theirExact);
        expectClose(rocAuc, theirAuc!);
        expectClose(averagePrecision, theirPrecision!);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(1000);
  });

  it("has exactly the same averages and prints the same report where nothing is missing", () => {
    let compared = 0;
    for (const [i, evaluation] of evaluations.entries()) {
      const whole = expected[i]!.whole;
      if (!whole) continue;
      const { report, ...numbers } = whole;
      expect(evaluation, `case ${i}`).toMatchObject(numbers);
      expect(classificationReport(evaluation, cases[i]!.digits), `case ${i}`).toBe(report);
      compared++;
    }
    expect(compared).toBeGreaterThan(150);
  });
});

describe("toFixedHalfEven against Python", () => {
  it("prints every number alike, ties included", () => {
    const digits = fc.integer({ min: 0, max: 16 });
    const eighths = fc.integer({ min: 0, max: 2 ** 12 }).map((n) => n / 2 ** 12);
    const decimals = fc.integer({ min: 0, max: 10_000 }).map((n) => n / 10_000);
    const value = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), eighths, decimals);
    const ties = Array.from({ length: 16 }, (_, n) => [n / 16, 0, 1, 2, 3] as const).flatMap(([v, ...d]) =>
      d.map((places) => [v, places] as [number, number]),
    );
    const pairs = [...ties, ...fc.sample(fc.tuple(value, digits), { numRuns: 20_000, seed: 11 })];
    const theirs = runPython("format.py", pairs) as string[];
    expect(pairs.map(([v, places]) => toFixedHalfEven(v, places))).toEqual(theirs);
  });
});

function expectClose(found: number | null, wanted: number | null): void {
  if (wanted === null) expect(found).toBeNull();
  else expect(found).toBeCloseTo(wanted, 12);
}
