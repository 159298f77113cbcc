// What a search does, without any training: ranges, configurations, halving, and what mattered.
import { describe, expect, it } from "vitest";
import { type JobResult, nextJob, rungShares } from "../../../../src/training/search/halving.js";
import { importances } from "../../../../src/training/search/importance.js";
import { drawConfiguration, readRange } from "../../../../src/training/search/space.js";

describe("a range", () => {
  it("is of numbers, by their logarithm where its ends are far apart, or of values", () => {
    expect(readRange("learning-rate=1e-5..1e-3")).toEqual([
      "learningRate",
      { from: 1e-5, to: 1e-3, isWhole: false, isLogarithmic: true },
    ]);
    expect(readRange("batchSize=16..64")[1]).toMatchObject({ isWhole: true, isLogarithmic: false });
    expect(readRange("loss=bce, focal")).toEqual(["loss", { values: ["bce", "focal"] }]);
    expect(readRange("freeze-embeddings=true,false")[1]).toEqual({ values: [true, false] });
  });

  it.each([
    ["lerning-rate=1..2", 'there is no option "lerning-rate"; did you mean "learningRate"?'],
    ["learning-rate", "expected NAME=FROM..TO"],
    ["learning-rate=2..1", "expected NAME=FROM..TO"],
    ["loss=bce,", "expected NAME=FROM..TO"],
    ["loss=hinge", "option loss cannot be hinge"],
    ["epochs=0..3", "option epochs cannot be 0"],
  ])("%s is refused", (text, message) => {
    expect(() => readRange(text)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) }),
    );
  });
});

describe("configurations", () => {
  const space = Object.fromEntries(
    ["learningRate=1e-5..1e-3", "batchSize=8..10", "loss=bce,focal", "warmup=0..0.5"].map(readRange),
  );

  it("are drawn from the ranges, evenly on their scale, and are the same for the same seed and number", () => {
    const drawn = Array.from({ length: 400 }, (_, number) => drawConfiguration(space, 7, number));
    expect(drawConfiguration(space, 7, 3)).toEqual(drawn[3]);
    expect(drawConfiguration(space, 8, 3)).not.toEqual(drawn[3]);
    const rates = drawn.map(({ learningRate }) => Number(learningRate));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-5);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-3);
    const low = rates.filter((rate) => rate < 1e-4).length;
    expect(low).toBeGreaterThan(150);
    expect(low).toBeLessThan(250);
    expect(new Set(drawn.map(({ batchSize }) => batchSize))).toEqual(new Set([8, 9, 10]));
    expect(new Set(drawn.map(({ loss }) => loss))).toEqual(new Set(["bce", "focal"]));
  });
});

describe("successive halving", () => {
  /** Makes all trainings one after the other; a configuration's number is how good it is. */
  function search(trials: number): JobResult[] {
    const results: JobResult[] = [];
    for (;;) {
      const job = nextJob(results, [], trials, true);
      if (job === null) return results;
      results.push({ ...job, figure: job.configuration });
    }
  }

  it("trains the best third of a rung longer, and one to the end", () => {
    const results = search(9);
    const at = (rung: number) =>
      results.filter((result) => result.rung === rung).map((result) => result.configuration);
    expect(at(0)).toHaveLength(9);
    expect(at(1)).toContain(8);
    expect(at(rungShares.length - 1)).toContain(8);
    expect(search(1)).toHaveLength(rungShares.length);
  });

  it("begins nothing twice, waits for what runs, and leaves out what failed", () => {
    const running = [{ configuration: 0, rung: 0 }];
    expect(nextJob([], running, 2, true)).toEqual({ configuration: 1, rung: 0 });
    expect(nextJob([], running, 1, true)).toBeNull();
    expect(nextJob([], [], 5, false)).toBeNull();
    expect(nextJob([{ configuration: 0, rung: 0, figure: null }], [], 1, true)).toBeNull();
  });
});

it("an option matters as far as the figures differ between its values", () => {
  const trainings = Array.from({ length: 40 }, (_, i) => ({
    values: { learningRate: i / 40, loss: i % 2 === 0 ? "bce" : "focal", batchSize: 32 },
    figure: i < 20 ? 0.5 : 0.7,
  }));
  const found = importances(trainings);
  expect(found.learningRate).toBeCloseTo(1, 6);
  expect(found.loss).toBeLessThan(0.01);
  expect(found.batchSize).toBe(0);
  expect(importances([])).toEqual({});
});
