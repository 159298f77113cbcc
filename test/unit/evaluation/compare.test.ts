import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { compareScores } from "../../../src/evaluation/compare.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { errorOf } from "../training/tiny-run.js";
import { names, task } from "./two-labels.js";

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
