import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bceWithLogits, sigmoid } from "../../../src/evaluation/loss.js";

const of = (...values: number[]) => Float32Array.from(values);

describe("bceWithLogits", () => {
  it("is ln 2 for a model that knows nothing", () => {
    expect(bceWithLogits(of(0, 0), of(0, 1))).toBeCloseTo(Math.LN2, 15);
  });

  it("leaves out what is not labelled, even a huge logit", () => {
    expect(bceWithLogits(of(0, 1e30, -5), of(1, Number.NaN, Number.NaN))).toBeCloseTo(Math.LN2, 15);
    expect(bceWithLogits(of(1), of(Number.NaN))).toBeNull();
    expect(bceWithLogits(of(), of())).toBeNull();
  });

  it("takes soft labels", () => {
    expect(bceWithLogits(of(2), of(0.25))).toBeCloseTo(
      0.25 * Math.log(1 + Math.exp(-2)) + 0.75 * (Math.log(1 + Math.exp(-2)) + 2),
      14,
    );
  });

  it("stays exact where sigmoid is 0 or 1", () => {
    expect(bceWithLogits(of(-1000, 1000), of(1, 0))).toBe(1000);
    expect(bceWithLogits(of(-1000, 1000), of(0, 1))).toBe(0);
    expect(bceWithLogits(of(-40), of(0))).toBeCloseTo(Math.exp(-40), 30);
  });

  it("is never negative and always finite for finite logits", () => {
    const logit = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(logit, fc.constantFrom(0, 1), (value, label) => {
        const loss = bceWithLogits(of(value), of(label))!;
        return loss >= 0 && Number.isFinite(loss);
      }),
    );
  });
});

describe("sigmoid", () => {
  it("is the logistic function in single precision", () => {
    expect([...sigmoid(of(0, 1, -1, 1000, -1000))]).toEqual([
      0.5,
      Math.fround(0.7310585786300049),
      Math.fround(0.2689414213699951),
      1,
      0,
    ]);
  });
});
