import { describe, expect, it } from "vitest";
import { confidenceIntervals, type Interval } from "../../../src/evaluation/bootstrap.js";
import { errorOf } from "../training/tiny-run.js";
import { names, task } from "./two-labels.js";

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
