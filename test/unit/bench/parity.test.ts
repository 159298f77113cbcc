import { describe, expect, it } from "vitest";
import { compare, violations } from "../../../scripts/bench/parity.mjs";

const reference = { logits: [0.5, -1, 2, 0], loss: 0.7, gradientNorm: 2 };

describe("the gate before the timings", () => {
  it("lets rounding through", () => {
    const rounded = { logits: reference.logits.map((x) => x + 1e-6), loss: 0.700001, gradientNorm: 2.0001 };
    for (const precision of ["fp32", "bf16", "int8"] as const) {
      expect(violations(precision, compare(reference, rounded))).toEqual([]);
    }
  });

  it("measures the largest difference, whatever its sign", () => {
    const differences = compare(reference, { logits: [0.5, -1.25, 2, 0.125], loss: 0.5, gradientNorm: 3 });
    expect(differences.logit).toBe(0.25);
    expect(differences.probability).toBeCloseTo(0.0462, 4); // at -1: 0.2689 - 0.2227
    expect(differences.loss).toBeCloseTo(0.2);
    expect(differences.gradientNorm).toBeCloseTo(0.5);
  });

  it("names everything that is too far off", () => {
    const wrong = { logits: [-0.5, 1, -2, 0], loss: 0.9, gradientNorm: 4 };
    const messages = violations("fp32", compare(reference, wrong));
    expect(messages).toHaveLength(3);
    expect(messages[0]).toContain("logits differ by 4, more than 0.0001");
    expect(messages[2]).toContain("gradient");
  });

  it("asks each precision for what it can give", () => {
    const rough = compare(reference, { logits: reference.logits.map((x) => x + 0.1) }); // 0.025 of a probability
    expect(violations("fp32", rough)).toHaveLength(1);
    expect(violations("bf16", rough)).toHaveLength(1);
    expect(violations("int8", rough)).toEqual([]);
  });

  it("compares a training step only where both made one", () => {
    expect(compare(reference, { logits: reference.logits })).toEqual({ logit: 0, probability: 0 });
    expect(compare({ logits: [1] }, { logits: [1], loss: 9, gradientNorm: 9 })).toEqual({
      logit: 0,
      probability: 0,
    });
  });

  it("does not take NaN for agreement", () => {
    const broken = { logits: reference.logits.map(() => Number.NaN), loss: Number.NaN, gradientNorm: NaN };
    expect(violations("fp32", compare(reference, broken))).toHaveLength(3);
    expect(violations("bf16", compare(reference, broken))).toHaveLength(3);
    expect(violations("int8", compare(reference, broken))).toHaveLength(1);
  });

  it("refuses another number of logits", () => {
    expect(() => compare(reference, { logits: [1] })).toThrow("4 logits against 1");
  });
});
