import { describe, expect, it } from "vitest";
import { configurations } from "../../../scripts/bench/plan.mjs";
import { renderFigures, renderRatios, summarize } from "../../../scripts/bench/results.mjs";

/** A pass takes theirs 8 s in the first round and 16 s in the second; ours take half as long. */
const { results, ratios } = summarize({
  rows: 64,
  tokens: 3000,
  flops: 6e11,
  ceilings: { fp32: 200e9, bf16: 400e9 },
  samplesOf: ({ side }) => {
    const unit = side === "ours" ? 4 : 8;
    return [
      { seconds: [unit, 100 * unit, unit], peakMemory: 1e9 },
      { seconds: [2 * unit], peakMemory: 2e9 },
    ];
  },
});

describe("summarize", () => {
  it("takes the median of a process's passes, then of the processes", () => {
    expect(results.map(({ name }) => name)).toEqual(configurations.map(({ name }) => name));
    expect(results[0]).toMatchObject({
      seconds: 12,
      examplesPerSecond: 64 / 12,
      tokensPerSecond: 250,
      shareOfCeiling: 0.25,
      peakMemory: 1.5e9,
    });
  });

  it("measures each precision against its own ceiling", () => {
    const ours = results.filter(({ name }) => name.startsWith("tagformer"));
    expect(ours.map(({ precision, shareOfCeiling }) => [precision, shareOfCeiling])).toEqual([
      ["fp32", 0.5],
      ["bf16", 0.25],
    ]);
  });

  it("keeps every sample", () => {
    expect(results[0]!.samples[0]!.seconds).toEqual([8, 800, 8]);
  });

  it("divides their time by ours, pair by pair", () => {
    expect(ratios).toHaveLength(2);
    for (const { against } of ratios) {
      expect(against).toHaveLength(3);
      for (const ratio of against) expect(ratio).toMatchObject({ median: 2, low: 2, high: 2 });
    }
  });
});

describe("the tables", () => {
  it("have columns under each other", () => {
    for (const table of [renderFigures(results), renderRatios(ratios)]) {
      const lines = table.trimEnd().split("\n");
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    }
  });

  it("round to three digits, with a thousands separator", () => {
    expect(renderFigures(results).split("\n")[1]).toMatch(/ 5\.33 +250 +25 % of fp32 +1,500 MB$/);
  });

  it("name the ratio's direction", () => {
    const lines = renderRatios(ratios).split("\n");
    expect(lines[0]).toMatch(/^times as fast as +tagformer fp32 +tagformer bf16$/);
    expect(lines[1]).toMatch(/^Hugging Face fp32, padded to 100 +2\.00 \[2\.00, 2\.00\]/);
  });
});
