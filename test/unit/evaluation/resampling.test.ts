import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { confidenceIntervals, type Interval } from "../../../src/evaluation/bootstrap.js";
import { compareScores } from "../../../src/evaluation/compare.js";
import { judgeRows, weightedFigures } from "../../../src/evaluation/figures.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { errorOf } from "../training/tiny-run.js";

const names = ["a", "b"];

/** Labels, and logits that agree with them as often as `skill` says. */
function task(rows: number, skill: number, seed: number, labelSeed = 1) {
  const labelsFrom = generator(labelSeed, "labels");
  const labels = Float32Array.from({ length: 2 * rows }, () => Number(labelsFrom.float() < 0.4));
  const random = generator(seed, "logits");
  const logits = labels.map(
    (set) => (random.float() < skill ? 1 : -1) * (2 * set - 1) * (0.1 + random.float()),
  );
  return { labels, logits };
}

describe("weightedFigures", () => {
  it("has the figures of evaluate on rows that are repeated or left out", () => {
    const row = fc.record({
      logits: fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
      labels: fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1, Number.NaN)),
      weight: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        fc.pre(rows.some(({ weight }) => weight > 0));
        const of = (chosen: typeof rows) => ({
          scores: { logits: Float32Array.from(chosen.flatMap(({ logits }) => logits)) },
          labels: Float32Array.from(chosen.flatMap(({ labels }) => labels)),
        });
        const all = of(rows);
        const weights = Uint32Array.from(rows, ({ weight }) => weight);
        const { figures, labelF1 } = weightedFigures(judgeRows(all.scores, all.labels, 2, 0.5), weights);
        const repeated = of(rows.flatMap((one) => new Array<typeof one>(one.weight).fill(one)));
        const wanted = evaluate(repeated.scores, repeated.labels, names);
        const expected = {
          microF1: wanted.micro.f1,
          macroF1: wanted.macro.f1,
          weightedF1: wanted.weighted.f1,
          samplesF1: wanted.samples.f1,
          subsetAccuracy: wanted.subsetAccuracy,
          hammingLoss: wanted.hammingLoss,
          macroRocAuc: wanted.macro.rocAuc,
          macroAveragePrecision: wanted.macro.averagePrecision,
        };
        for (const [name, value] of Object.entries(expected)) {
          const found = figures[name as keyof typeof figures];
          if (value === null) expect(found, name).toBeNull();
          else expect(found, name).toBeCloseTo(value, 12);
        }
        for (const [i, label] of wanted.labels.entries()) expect(labelF1[i]).toBeCloseTo(label.f1, 12);
      }),
    );
  });
});

describe("confidenceIntervals", () => {
  it("hold the true value about as often as they say", () => {
    // The share of rightly decided elements is 0.8, whatever the rows.
    const hits = Array.from({ length: 100 }, (_, i) => {
      const { logits, labels } = task(150, 0.8, i, i);
      const { figures } = confidenceIntervals({ logits }, labels, names, 0.5, {
        samples: 200,
        confidence: 0.9,
      });
      return figures.hammingLoss!.low! <= 0.2 && 0.2 <= figures.hammingLoss!.high!;
    }).filter(Boolean).length;
    expect(hits).toBeGreaterThan(80);
    expect(hits).toBeLessThan(99);
  });

  it("give the same for the same seed, hold the value, and narrow with the rows", () => {
    const few = task(100, 0.8, 1);
    const many = task(1600, 0.8, 1);
    const of = ({ logits, labels }: typeof few, seed = 42) =>
      confidenceIntervals({ logits }, labels, names, 0.5, { samples: 300, seed });
    expect(of(few)).toEqual(of(few));
    expect(of(few, 1)).not.toEqual(of(few, 2));
    const width = (interval: Interval | null) => interval!.high! - interval!.low!;
    for (const [name, interval] of Object.entries(of(few).figures)) {
      expect(interval!.low, name).toBeLessThan(interval!.value);
      expect(interval!.high, name).toBeGreaterThan(interval!.value);
      const narrower = of(many).figures[name as "microF1"];
      expect(width(interval) / width(narrower), name).toBeGreaterThan(2.5); // 4, by the root of the rows
      expect(width(interval) / width(narrower), name).toBeLessThan(6.5);
    }
  });

  it("have nothing where a figure is not defined, and refuse too few samples", async () => {
    const logits = Float32Array.of(1, -1, 2, -2);
    const none = Float32Array.of(0, 0, 0, 0);
    expect(confidenceIntervals({ logits }, none, names).figures.macroRocAuc).toBeNull();
    const error = await errorOf(() => confidenceIntervals({ logits }, none, names, 0.5, { samples: 5 }));
    expect(error.message).toMatch(/samples is 5/);
  });
});

describe("the interval of a label's F1", () => {
  it("is exact, from the rows in which the label is set or given", () => {
    // 8 of 10 such rows right: Clopper and Pearson's 95 % interval is 0.4439 to 0.9748.
    const labels = Float32Array.from({ length: 50 }, (_, row) => Number(row < 9));
    const logits = labels.map((_, row) => (row < 8 || row === 20 ? 1 : -1));
    const { labels: found } = confidenceIntervals({ logits }, labels, ["a"], 0.5, { samples: 100 });
    const f1 = (share: number) => (2 * share) / (1 + share);
    expect(found[0]).toMatchObject({ value: 16 / 18, positives: 9, fewPositives: true });
    expect(found[0]!.low).toBeCloseTo(f1(0.4439), 4);
    expect(found[0]!.high).toBeCloseTo(f1(0.97479), 4);
  });

  it("is wide when nothing was found, and says nothing of a label that is neither set nor given", () => {
    const labels = Float32Array.of(1, 0, 1, 0, 0, 0, 0, 0);
    const logits = labels.map(() => -1);
    const { labels: found, figures } = confidenceIntervals({ logits }, labels, names, 0.5, { samples: 100 });
    expect(found[0]).toMatchObject({ value: 0, low: 0 });
    expect(found[0]!.high).toBeGreaterThan(0.9);
    expect(found[1]).toMatchObject({ value: 0, low: 0, high: 1, positives: 0, fewPositives: true });
    expect(figures.macroF1).toEqual({ value: 0, low: null, high: null, fewPositives: true });
  });

  it("of averages is as wide where all came out alike as the elements that are set or given allow", () => {
    // 52 positives of which none is found, in 300 rows: 52 trials, and not 300.
    const labels = Float32Array.from({ length: 600 }, (_, i) =>
      Number(i < 104 && i % 2 === Math.floor(i / 52)),
    );
    const { figures } = confidenceIntervals({ logits: labels.map(() => -1) }, labels, names, 0.5, {
      samples: 100,
    });
    expect(figures.microF1).toMatchObject({ value: 0, low: 0 });
    expect(figures.microF1!.high).toBeGreaterThan(0.1);
    expect(figures.macroF1!.high).toBeGreaterThan(figures.microF1!.high!);
    expect(figures.macroF1!.high).toBeLessThan(0.3);
  });

  it("is as wide for rows that come three times as for rows that come once", () => {
    const { logits, labels } = task(100, 0.8, 1);
    const thrice = (values: Float32Array) => Float32Array.from([...values, ...values, ...values]);
    const clusters = Int32Array.from({ length: 300 }, (_, row) => row % 100);
    const options = { samples: 2000 };
    const once = confidenceIntervals({ logits }, labels, names, 0.5, options);
    const together = confidenceIntervals(
      { logits: thrice(logits) },
      thrice(labels),
      names,
      0.5,
      options,
      clusters,
    );
    expect(together.clusters).toBe(100);
    for (const [i, label] of once.labels.entries()) {
      expect(together.labels[i]!.low).toBeCloseTo(label.low, 9);
      expect(together.labels[i]!.high).toBeCloseTo(label.high, 9);
    }
    const width = (interval: Interval | null) => interval!.high! - interval!.low!;
    for (const [name, interval] of Object.entries(once.figures)) {
      const ratio = width(together.figures[name as "microF1"]) / width(interval);
      expect(ratio, name).toBeGreaterThan(0.85);
      expect(ratio, name).toBeLessThan(1.15);
    }
  });
});

describe("compareScores", () => {
  const run = (logits: Float32Array) => ({ scores: { logits }, thresholds: 0.5 });

  it("finds a real difference and its direction", () => {
    const good = task(400, 0.9, 1);
    const bad = task(400, 0.75, 2);
    const { figures, labels, rows } = compareScores(run(bad.logits), run(good.logits), good.labels, names, {
      samples: 400,
    });
    expect(rows).toBe(400);
    const { first, second, difference, low, high, p } = figures.microF1!;
    expect(first).toBe(evaluate({ logits: bad.logits }, bad.labels, names).micro.f1);
    expect(second - first).toBeCloseTo(difference, 12);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(difference);
    expect(p).toBe(1 / 401);
    expect(figures.hammingLoss!.difference).toBeLessThan(0);
    expect(figures.macroRocAuc).toMatchObject({ p: null });
    expect(labels.map(({ name }) => name)).toEqual(names);
    for (const label of labels) expect(label.p).toBeLessThan(1e-4); // counted, not drawn
  });

  it("finds none where there is none, about as often as it should", () => {
    // Two runs of the same skill: p is below 0.2 in one of five comparisons.
    const { labels } = task(60, 0.8, 0);
    const small = Array.from({ length: 100 }, (_, i) => {
      const [one, other] = [task(60, 0.8, 100 + i), task(60, 0.8, 900 + i)];
      const { figures } = compareScores(run(one.logits), run(other.logits), labels, names, { samples: 100 });
      return figures.subsetAccuracy!.p! < 0.2;
    }).filter(Boolean).length;
    expect(small).toBeGreaterThan(5);
    expect(small).toBeLessThan(35);
  });

  it("finds a label's difference among eighty, corrected for their number", () => {
    const random = generator(2, "many labels");
    const many = Array.from({ length: 80 }, (_, i) => `label ${i}`);
    const labels = Float32Array.from({ length: 300 * 80 }, () => Number(random.float() < 0.2));
    const good = labels.map((set) => 2 * set - 1);
    // One label is missed in 20 of its rows; the others are decided alike.
    let missed = 0;
    const bad = good.map((logit, i) => (i % 80 === 7 && labels[i] === 1 && missed++ < 20 ? -1 : logit));
    const { labels: found } = compareScores(run(bad), run(good), labels, many);
    expect(found[7]!.p).toBeCloseTo(80 * 2 ** -19, 9); // 2^-20 in either direction
    expect(found[8]!.p).toBe(1);
  });

  it("exchanges the rows of one cluster together", () => {
    const once = { labels: Float32Array.of(1, 1, 1, 0, 0, 0), good: Float32Array.of(1, 1, 1, -1, -1, -1) };
    const bad = Float32Array.of(-1, -1, -1, -1, -1, -1);
    const thrice = (values: Float32Array) => Float32Array.from([...values, ...values, ...values]);
    const clusters = Int32Array.from({ length: 18 }, (_, row) => row % 6);
    const of = (groups?: Int32Array) =>
      compareScores(run(thrice(bad)), run(thrice(once.good)), thrice(once.labels), ["a"], {}, groups);
    expect(of(clusters).labels[0]!.p).toBeCloseTo(2 ** -2, 12); // three rows, in either direction
    expect(of().labels[0]!.p).toBeCloseTo(2 ** -8, 12);
    expect(of(clusters).figures.microF1!.p).toBeGreaterThan(0.2);
  });

  it("has the p-value that drawing would have", () => {
    const { labels } = task(200, 0.8, 1);
    const [one, other] = [task(200, 0.8, 2), task(200, 0.72, 3)];
    const { labels: found } = compareScores(run(one.logits), run(other.logits), labels, names, {
      samples: 100,
    });
    const random = generator(1, "by drawing");
    const f1 = (logits: Float32Array, label: number) => evaluate({ logits }, labels, names).labels[label]!.f1;
    const raw = names.map((_, label) => {
      const least = Math.abs(f1(one.logits, label) - f1(other.logits, label)) - 1e-12;
      let asLarge = 0;
      for (let i = 0; i < 1500; i++) {
        const [first, second] = [one.logits.slice(), other.logits.slice()];
        for (let row = 0; row < 200; row++) {
          if (random.below(2) === 0) continue;
          const at = 2 * row + label;
          [first[at], second[at]] = [second[at]!, first[at]!];
        }
        if (Math.abs(f1(first, label) - f1(second, label)) >= least) asLarge++;
      }
      return asLarge / 1500;
    });
    const [small, large] = [Math.min(...raw), Math.max(...raw)];
    const corrected = raw.map((p) => (p === small ? Math.min(1, 2 * small) : Math.max(2 * small, large)));
    for (const [i, { p }] of found.entries()) expect(Math.abs(p! - corrected[i]!)).toBeLessThan(0.06);
  });

  it("says that a run does not differ from itself", () => {
    const { logits, labels } = task(50, 0.8, 1);
    const { figures } = compareScores(run(logits), run(logits), labels, names, { samples: 100 });
    expect(figures.microF1).toMatchObject({ difference: 0, low: 0, high: 0, p: 1 });
  });

  it("refuses rows without any label", async () => {
    const none = Float32Array.of(Number.NaN, Number.NaN);
    const error = await errorOf(() =>
      compareScores(run(none.fill(0).slice()), run(none.slice()), none.fill(Number.NaN), names),
    );
    expect(error.code).toBe("INVALID_DATA");
  });
});
