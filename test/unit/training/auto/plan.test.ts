import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  continuesTrial,
  planFor,
  planWithin,
  type RunSize,
  usualSteps,
} from "../../../../src/training/auto/plan.js";

/** 2,700 rows to train on, 300 to validate on, batches of 32. */
const small: RunSize = { stepsPerEpoch: 85, rates: 4, validationSteps: 4, trialValidationSteps: 4 };

describe("a plan", () => {
  it("has four epochs where nothing limits it, and costs about twice what three take", () => {
    const plan = planFor(usualSteps(small), small);
    expect(plan).toMatchObject({ totalSteps: 340, longSteps: 85, shortSteps: 43 });
    const threeEpochs = 3 * (85 + 4);
    expect(plan.budgetSteps / threeEpochs).toBeGreaterThan(1.8);
    expect(plan.budgetSteps / threeEpochs).toBeLessThan(2.4);
    expect(continuesTrial(plan, 85)).toBe(true);
  });

  it("gives few rows more epochs", () => {
    const few = { ...small, stepsPerEpoch: 10 };
    expect(usualSteps(few)).toBe(160);
    expect(usualSteps({ ...small, stepsPerEpoch: 3 })).toBe(60);
    expect(continuesTrial(planFor(160, few), 10)).toBe(false); // its trials pass the ends of epochs
  });

  it("has no trials of a rate that is given", () => {
    expect(planFor(340, { ...small, rates: 1 })).toEqual({
      budgetSteps: 340 + 4 * 4,
      totalSteps: 340,
      shortSteps: 0,
      longSteps: 0,
    });
  });

  it("keeps trials short where an epoch is long", () => {
    const large = { ...small, stepsPerEpoch: 5000 };
    expect(planFor(usualSteps(large), large)).toMatchObject({ longSteps: 600, shortSteps: 300 });
  });

  it("is what fits a budget, of whole epochs from two on", () => {
    const sizes = fc.record({
      stepsPerEpoch: fc.integer({ min: 1, max: 5000 }),
      rates: fc.constantFrom(1, 4),
      validationSteps: fc.integer({ min: 0, max: 50 }),
      trialValidationSteps: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 100_000 }), (size, budget) => {
        const plan = planWithin(budget, size);
        expect(plan.totalSteps).toBeGreaterThanOrEqual(1);
        if (plan.totalSteps > 1)
          expect(planFor(plan.totalSteps, size).budgetSteps).toBeLessThanOrEqual(budget);
        const { totalSteps } = plan;
        if (totalSteps >= 2 * size.stepsPerEpoch) expect(totalSteps % size.stepsPerEpoch).toBe(0);
        expect(plan.shortSteps).toBeLessThanOrEqual(plan.longSteps);
        expect(plan.longSteps).toBeLessThanOrEqual(totalSteps);
      }),
    );
  });
});
