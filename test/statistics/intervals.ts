// Do intervals hold the true value as often as they say, and are p-values small as seldom as they should be?
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { confidenceIntervals } from "../../src/evaluation/bootstrap.js";
import { compareScores } from "../../src/evaluation/compare.js";
import { evaluate } from "../../src/evaluation/metrics.js";
import { binomialBounds } from "./bounds.js";
import { normal } from "./tables.js";

const confidence = 0.95;

/** Labels that come together, most of them rare, and a model that knows them fairly well. */
function table(rows: number, rates: readonly number[], seed: number) {
  const random = generator(seed, "intervals");
  const width = rates.length;
  const labels = new Float32Array(rows * width);
  const logits = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const isAny = random.float() < 0.3;
    for (const [label, rate] of rates.entries()) {
      const set = random.float() < (isAny ? Math.min(0.9, 2.7 * rate) : 0.27 * rate);
      labels[row * width + label] = Number(set);
      logits[row * width + label] = 3.2 * Number(set) - 2 + 1.2 * normal(random);
    }
  }
  return { labels, logits };
}

/** What figures would be on so many rows that chance plays no part. */
function truthOf(rates: readonly number[], names: readonly string[]) {
  const { logits, labels } = table(200_000, rates, 987_654);
  return evaluate({ logits }, labels, names);
}

/** For the body of a test file. */
export function judgeIntervals(tables: number): void {
  describe.each([
    { rows: 100, rates: [0.25, 0.15, 0.1, 0.03, 0.01] },
    { rows: 300, rates: [0.2, 0.1, 0.06, 0.03, 0.005] },
    { rows: 1000, rates: [0.1, 0.05, 0.03, 0.01, 0.003] },
  ])("intervals from $rows rows with labels of the frequencies $rates", ({ rows, rates }) => {
    const names = rates.map((rate) => `label ${rate}`);
    const truth = truthOf(rates, names);
    const wanted = {
      microF1: truth.micro.f1,
      macroF1: truth.macro.f1,
      weightedF1: truth.weighted.f1,
      samplesF1: truth.samples.f1,
      subsetAccuracy: truth.subsetAccuracy,
      hammingLoss: truth.hammingLoss,
      macroRocAuc: truth.macro.rocAuc!,
      macroAveragePrecision: truth.macro.averagePrecision!,
    };
    const found = Array.from({ length: tables }, (_, seed) => {
      const { logits, labels } = table(rows, rates, seed);
      return confidenceIntervals({ logits }, labels, names, 0.5, { samples: 200, seed });
    });

    it("hold the F1 of a label, however rare, at least as often as they say", () => {
      for (const [label, name] of names.entries()) {
        const held = found.filter(({ labels }) => {
          const { low, high } = labels[label]!;
          return low <= truth.labels[label]!.f1 && truth.labels[label]!.f1 <= high;
        }).length;
        expect(held, name).toBeGreaterThanOrEqual(binomialBounds(tables, confidence)[0]);
      }
    });

    it("hold the averages about as often as they say, or are not given", () => {
      for (const [name, value] of Object.entries(wanted)) {
        const given = found
          .map(({ figures }) => figures[name as keyof typeof figures])
          .filter((interval) => interval !== null && interval.low !== null);
        const held = given.filter((interval) => interval!.low! <= value && value <= interval!.high!).length;
        // The bootstrap promises its confidence for many rows; for few it may be two points off.
        const [low] = binomialBounds(given.length, confidence - 0.025);
        expect(held, `${name}, ${given.length} intervals`).toBeGreaterThanOrEqual(low);
      }
    });

    it("are not given for averages over labels with fewer than ten positives", () => {
      for (const { figures, labels } of found) {
        const isAnyRare = labels.some(({ positives }) => positives < 10);
        expect(figures.macroF1!.low === null).toBe(isAnyRare);
        expect(figures.macroAveragePrecision!.fewPositives).toBe(isAnyRare);
      }
    });
  });

  it("intervals of averages over labels with twelve positives and more hold them about as often as they say", () => {
    const rates = [0.3, 0.2, 0.15, 0.12];
    const names = rates.map(String);
    const truth = truthOf(rates, names);
    const wanted = {
      macroF1: truth.macro.f1,
      macroAveragePrecision: truth.macro.averagePrecision!,
      macroRocAuc: truth.macro.rocAuc!,
    };
    const counts = Object.keys(wanted).map((name) => ({
      name: name as keyof typeof wanted,
      given: 0,
      held: 0,
    }));
    for (let seed = 0; seed < tables; seed++) {
      const { logits, labels } = table(150, rates, seed);
      const { figures } = confidenceIntervals({ logits }, labels, names, 0.5, { samples: 200, seed });
      for (const count of counts) {
        const interval = figures[count.name];
        if (!interval || interval.low === null) continue;
        count.given++;
        if (interval.low <= wanted[count.name] && wanted[count.name] <= interval.high!) count.held++;
      }
    }
    for (const { name, given, held } of counts) {
      expect(given).toBeGreaterThan(0.8 * tables);
      expect(held, name).toBeGreaterThanOrEqual(binomialBounds(given, confidence - 0.025)[0]);
    }
  });

  it("rows that come three times have intervals that hold the truth when they are drawn together", () => {
    const rates = [0.25, 0.15];
    const names = rates.map(String);
    const truth = truthOf(rates, names);
    const clusters = Int32Array.from({ length: 450 }, (_, row) => row % 150);
    const held = { together: 0, apart: 0 };
    for (let seed = 0; seed < tables; seed++) {
      const once = table(150, rates, seed);
      const thrice = (values: Float32Array) => Float32Array.from([...values, ...values, ...values]);
      const [logits, labels] = [thrice(once.logits), thrice(once.labels)];
      for (const [way, groups] of [
        ["together", clusters],
        ["apart", undefined],
      ] as const) {
        const { figures } = confidenceIntervals(
          { logits },
          labels,
          names,
          0.5,
          { samples: 200, seed },
          groups,
        );
        const { low, high } = figures.microF1!;
        if (low! <= truth.micro.f1 && truth.micro.f1 <= high!) held[way]++;
      }
    }
    expect(held.together).toBeGreaterThanOrEqual(binomialBounds(tables, confidence - 0.025)[0]);
    expect(held.apart).toBeLessThan(binomialBounds(tables, confidence - 0.025)[0]);
  });

  it("p-values of runs that are equally good are small as seldom as they say", () => {
    const names = Array.from({ length: 6 }, (_, i) => `label ${i}`);
    const rates = [0.3, 0.2, 0.1, 0.1, 0.05, 0.02];
    let [small, any] = [0, 0];
    for (let seed = 0; seed < tables; seed++) {
      const { labels, logits } = table(200, rates, seed);
      const random = generator(seed, "noise");
      const noisy = () => logits.map((logit) => logit + 2 * normal(random));
      const run = (values: Float32Array) => ({ scores: { logits: values }, thresholds: 0.5 });
      const { figures, labels: ofLabels } = compareScores(run(noisy()), run(noisy()), labels, names, {
        samples: 199,
        seed,
      });
      if (figures.microF1!.p! <= 0.05) small++;
      if (ofLabels.some(({ p }) => p! <= 0.05)) any++;
    }
    const [low, high] = binomialBounds(tables, 0.05);
    expect(small).toBeGreaterThanOrEqual(low);
    expect(small).toBeLessThanOrEqual(high);
    expect(any).toBeLessThanOrEqual(high); // any of six labels: what Holm's correction is for
  });

  it("the interval of a difference holds the true difference about as often as it says", () => {
    const rates = [0.3, 0.2, 0.15];
    const names = rates.map(String);
    const shifted = (logits: Float32Array) => logits.map((logit) => logit - 0.7);
    const big = table(200_000, rates, 987_654);
    const difference =
      evaluate({ logits: shifted(big.logits) }, big.labels, names).micro.f1 -
      evaluate({ logits: big.logits }, big.labels, names).micro.f1;
    let held = 0;
    for (let seed = 0; seed < tables; seed++) {
      const { labels, logits } = table(200, rates, seed);
      const [first, second] = [logits, shifted(logits)].map((values) => ({
        scores: { logits: values },
        thresholds: 0.5,
      }));
      const { low, high } = compareScores(first!, second!, labels, names, { samples: 199, seed }).figures
        .microF1!;
      if (low! <= difference && difference <= high!) held++;
    }
    expect(held).toBeGreaterThanOrEqual(binomialBounds(tables, confidence - 0.025)[0]);
  });
}
