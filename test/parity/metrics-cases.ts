// Random multi-label tasks of all shapes and corners, and what scikit-learn makes of them.
import fc from "fast-check";
import { expect, it } from "vitest";
import { evaluate } from "../../src/evaluation/metrics.js";
import { classificationReport } from "../../src/evaluation/text-report.js";
import { runPython } from "./python.js";

interface Case {
  readonly names: string[];
  readonly logits: number[];
  readonly labels: (number | null)[];
  readonly thresholds: number[];
  readonly digits: number;
}

type Figures = Record<string, number | null>;

interface Expected {
  readonly loss: number;
  readonly calibration: Figures;
  readonly labels: ({ exact: Figures; close: Figures } | null)[];
  readonly whole: {
    exact: Record<string, number | Figures>;
    close: Record<string, number | Figures>;
    report: string;
  } | null;
  readonly masked: { rows: number; close: Record<string, number | Figures> } | null;
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
const missing = fc.constantFrom(0, 0, 0, 0, 0.2);

// Most cases are small, where corners are; some are long enough for NumPy's sums in blocks.
const rowCount = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 13, max: 300 }) },
);

const randomCase: fc.Arbitrary<Case> = fc
  .tuple(rowCount, fc.integer({ min: 1, max: 7 }), fc.constantFrom(0, 0.02, 0.3, 1), missing)
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

/** Compares random matrices, and the corners, with scikit-learn; for the body of a `describe`. */
export function compareMetrics(matrices: number, seed: number): void {
  const cases = [...corners, ...fc.sample(randomCase, { numRuns: matrices, seed })];
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
      for (const [column, found] of labels.entries()) {
        const theirs = expected[i]!.labels[column];
        if (!theirs) {
          expect(found).toMatchObject({ support: 0, precision: 0, recall: 0, f1: 0, jaccard: 0 });
          expect(found).toMatchObject({ trueNegatives: 0, rocAuc: null, brierScore: null });
          continue;
        }
        expect(found, `case ${i}, label ${column}`).toMatchObject(theirs.exact);
        expectClose(found, theirs.close, `case ${i}, label ${column}`);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(2 * matrices);
  });

  it("has the same calibration error and Brier score over all elements", () => {
    for (const [i, evaluation] of evaluations.entries()) {
      expectClose(evaluation, expected[i]!.calibration, `case ${i}`);
    }
  });

  it("has exactly the same averages and prints the same report where nothing is missing", () => {
    let compared = 0;
    for (const [i, evaluation] of evaluations.entries()) {
      const whole = expected[i]!.whole;
      if (!whole) continue;
      expect(evaluation, `case ${i}`).toMatchObject(whole.exact);
      expectClose(evaluation, whole.close, `case ${i}`);
      expect(classificationReport(evaluation, cases[i]!.digits), `case ${i}`).toBe(whole.report);
      compared++;
    }
    expect(compared).toBeGreaterThan(matrices / 2);
  });

  it("has the same averages of what is labelled where some labels are missing", () => {
    let compared = 0;
    for (const [i, evaluation] of evaluations.entries()) {
      const masked = expected[i]!.masked;
      if (!masked) continue;
      expect(evaluation.rows, `case ${i}`).toBe(masked.rows);
      expectClose(evaluation, masked.close, `case ${i}`);
      compared++;
    }
    expect(compared).toBeGreaterThan(matrices / 20);
  });
}

/** Sums in another order differ in their last digits. */
function expectClose(found: object, wanted: Record<string, number | null | Figures>, where: string): void {
  for (const [name, figure] of Object.entries(wanted)) {
    const ours = (found as Record<string, unknown>)[name];
    if (figure !== null && typeof figure === "object")
      expectClose(ours as object, figure, `${where}, ${name}`);
    else if (figure === null) expect(ours, `${where}, ${name}`).toBeNull();
    else expect(ours, `${where}, ${name}`).toBeCloseTo(figure, 11);
  }
}
