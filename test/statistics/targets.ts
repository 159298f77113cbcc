// Does a fresh table miss a target as often as is said, and do rows that come several times flatter nothing?
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { evaluate } from "../../src/evaluation/metrics.js";
import { tune } from "../../src/evaluation/tuning.js";
import { mean, standardError } from "./bounds.js";
import { normal } from "./tables.js";

const names = ["a", "b", "c", "d"];
const rates = [0.4, 0.2, 0.1, 0.04];

function table(rows: number, seed: number, skill: number) {
  const random = generator(seed, "targets");
  const labels = Float32Array.from({ length: 4 * rows }, (_, i) => Number(random.float() < rates[i % 4]!));
  const logits = labels.map((set, i) => skill * set + normal(random) - 1 - (i % 4) * 0.4);
  return { labels, logits };
}

/** For the body of a test file. */
export function judgeTargets(tables: number): void {
  it.each([{ targetPrecision: 0.8 }, { targetRecall: 0.8 }])(
    "a fresh table misses the target %o as often as is said",
    (target) => {
      const differences: number[] = [];
      const missed: number[] = [];
      for (let seed = 0; seed < tables; seed++) {
        const known = table(600, seed, 2);
        const { targets, thresholds } = tune(known.logits, known.labels, names, { ...target, seed });
        const fresh = table(600, seed + 1e6, 2);
        const found = evaluate({ logits: fresh.logits }, fresh.labels, names, thresholds).labels;
        for (const [i, { missChance }] of targets!.entries()) {
          const { truePositives, falsePositives, precision, recall } = found[i]!;
          if (missChance === null || truePositives + falsePositives === 0) continue;
          const isMissed = "targetPrecision" in target ? precision < 0.8 : recall < 0.8;
          missed.push(Number(isMissed));
          differences.push(missChance - Number(isMissed));
        }
      }
      // The cross-fitted thresholds are those of four fifths of the rows, and a little worse.
      expect(Math.abs(mean(differences))).toBeLessThan(0.08 + 4 * standardError(differences));
      expect(mean(missed)).toBeGreaterThan(0.3); // it is no rare event, as those who read the tuned figures might think
    },
  );

  describe("rows that come three times", () => {
    it("do not flatter cross-fitted figures", () => {
      // Labels that the logits say nothing about: what is learnt of some rows is worth nothing on others.
      const clusters = Int32Array.from({ length: 360 }, (_, row) => row % 120);
      const gain = Array.from({ length: tables }, (_, seed) => {
        const once = table(120, seed, 0);
        const thrice = {
          labels: Float32Array.from([...once.labels, ...once.labels, ...once.labels]),
          logits: Float32Array.from([...once.logits, ...once.logits, ...once.logits]),
        };
        const options = { average: "macro", shrinkage: 0, seed } as const;
        const of = (task: typeof once, groups?: Int32Array) =>
          tune(task.logits, task.labels, names, options, groups).crossFitted!.macro.f1;
        return { apart: of(thrice) - of(once), together: of(thrice, clusters) - of(once) };
      });
      const together = gain.map((one) => one.together);
      expect(Math.abs(mean(together))).toBeLessThan(4 * standardError(together) + 0.005);
      expect(mean(gain.map((one) => one.apart))).toBeGreaterThan(0.02);
    });
  });
}
