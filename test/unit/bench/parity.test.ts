import { describe, expect, it } from "vitest";
import { compare, violations } from "../../../scripts/bench/parity.mjs";

const reference = { logits: [0.5, -1, 2, 0], loss: 0.7 };

describe("the gate before the timings", () => {
  it("lets rounding through", () => {
    const rounded = { logits: reference.logits.map((x) => x + 1e-6), loss: 0.700001 };
    expect(violations(compare(reference, rounded, rounded))).toEqual([]);
  });

  it("measures the largest difference, whatever its sign", () => {
    const differences = compare(reference, { logits: [0.5, -1.25, 2, 0.125], loss: 0.5 }, reference);
    expect(differences.logit).toBe(0.25);
    expect(differences.loss).toBeCloseTo(0.2);
    expect(differences.probability).toBe(0);
    expect(differences.cosine).toBeCloseTo(1, 12);
  });

  it("names everything that is too far off", () => {
    const wrong = { logits: [-0.5, 1, -2, 0], loss: 0.9 };
    const messages = violations(compare(reference, wrong, wrong));
    expect(messages).toHaveLength(4);
    expect(messages[0]).toContain("fp32 logits differ by 4");
    expect(messages[3]).toContain("cosine");
  });

  it("does not take NaN for agreement", () => {
    const broken = { logits: reference.logits.map(() => Number.NaN), loss: Number.NaN };
    expect(violations(compare(reference, broken, broken))).toHaveLength(4);
  });

  it("refuses another number of logits", () => {
    expect(() => compare(reference, { logits: [1], loss: 0 }, reference)).toThrow("4 logits against 1");
  });
});
