import { describe, expect, it } from "vitest";
import { combine, figuresOf, summarize } from "../../../scripts/bench/results.mjs";
import {
  figureTable,
  markdownTable,
  overviewTable,
  ratioTable,
  terminalTable,
} from "../../../scripts/bench/tables.mjs";

const ceilings = { fp32: 200e9, bf16: 400e9, int8: 800e9 };
const fast = ceilings.fp32;
const sample = (seconds: number[], peakMemory: number, speed = fast) => ({ seconds, peakMemory, speed });

/** A pass takes theirs 8 s in the first round and 16 s in the second; ours takes half as long and half the memory. */
const task = {
  work: "predict",
  texts: 64,
  tokens: 3000,
  flops: 6e11,
  samples: {
    "hf-fp32": [sample([8, 800, 8], 1e9), sample([16], 2e9)],
    fp32: [sample([4, 400, 4], 5e8), sample([8], 1e9)],
    bf16: [sample([2], 5e8), sample([4], 1e9)],
  },
} as const;

describe("summarize", () => {
  const { results, ratios } = summarize(task, ceilings);

  it("takes the median of a process's passes, then of the processes", () => {
    expect(results.map(({ key }) => key)).toEqual(["hf-fp32", "fp32", "bf16"]);
    expect(results[0]).toEqual({
      key: "hf-fp32",
      seconds: 12,
      textsPerSecond: 64 / 12,
      tokensPerSecond: 250,
      shareOfCeiling: 0.25,
      peakMemory: 1.5e9,
      samples: 2,
      disturbed: 0,
    });
  });

  it("measures each precision against its own ceiling", () => {
    expect(results.map(({ shareOfCeiling }) => shareOfCeiling)).toEqual([0.25, 0.5, 0.5]);
  });

  it("divides their time by ours, and our memory by theirs, pair by pair", () => {
    expect(ratios.map(({ ours, theirs }) => [ours, theirs])).toEqual([
      ["fp32", "hf-fp32"],
      ["bf16", "hf-fp32"],
    ]);
    expect(ratios[0]).toMatchObject({ speed: { median: 2, low: 2, high: 2 }, memory: 0.5, pairs: 2 });
    expect(ratios[1]!.speed.median).toBe(4);
  });

  it("drops pairs next to which the machine was slow", () => {
    const slow = 0.5 * fast;
    const samples = {
      "hf-fp32": [sample([8], 1e9), sample([99], 9e9, slow), sample([8], 1e9)],
      fp32: [sample([4], 1e9), sample([4], 1e9), sample([77], 1e9, slow)],
    };
    const { results, ratios } = summarize({ ...task, samples }, ceilings);
    expect(ratios[0]).toMatchObject({ speed: { median: 2, low: 2, high: 2 }, pairs: 1, dropped: 2 });
    expect(results[0]).toMatchObject({ seconds: 8, peakMemory: 1e9, samples: 3, disturbed: 1 });
  });

  it("says so when nothing is left, and uses all", () => {
    const samples = { "hf-fp32": [sample([8], 1e9, 1)], fp32: [sample([4], 1e9, 1)] };
    const { results, ratios } = summarize({ ...task, samples }, ceilings);
    expect(results[0]).toMatchObject({ seconds: 8, disturbed: 1 });
    expect(ratios[0]).toMatchObject({ speed: { median: 2 }, pairs: 0, dropped: 1 });
    expect(ratioTable({ ratios })[1]![1]).toContain("disturbed");
  });

  it("gives no throughput for a start", () => {
    const { results } = summarize({ ...task, work: "start" }, ceilings);
    expect(results[0]).not.toHaveProperty("tokensPerSecond");
  });
});

const whole = {
  ...task,
  model: "base",
  name: "predict",
  short: "",
  title: "",
  set: "mixed",
  contestants: [],
} as const;
const date = "2026-01-01T00:00:00.000Z";

describe("combine", () => {
  const ceilingsOf = (fp32: number) => ({ before: { ...ceilings, fp32 }, after: { ...ceilings, fp32 } });

  it("takes the later of two tasks, in its place, with its own date and ceilings", () => {
    const full = { ...whole, name: "full" };
    const first = { date, ceilings: ceilingsOf(1e9), tasks: [whole, full], parity: { base: 1, xlnet: 2 } };
    const later = "2026-02-01T00:00:00.000Z";
    const second = {
      date: later,
      ceilings: ceilingsOf(2e9),
      tasks: [{ ...whole, texts: 9 }],
      parity: { base: 3 },
    };
    const { tasks, parity } = combine([first, second]);
    expect(parity).toEqual({ base: 3, xlnet: 2 });
    expect(tasks.map(({ name, texts }) => [name, texts])).toEqual([
      ["predict", 9],
      ["full", 64],
    ]);
    expect(tasks[0]).toMatchObject({ date: later, ceilings: second.ceilings });
    expect(tasks[1]).toMatchObject({ date, ceilings: first.ceilings });
  });
});

describe("figuresOf", () => {
  it("measures against the higher of both ceilings", () => {
    const lower = { fp32: 1e9, bf16: 1e9, int8: 1e9 };
    for (const both of [
      { before: ceilings, after: lower },
      { before: lower, after: ceilings },
    ]) {
      expect(figuresOf({ tasks: [{ ...whole, date, ceilings: both }] })[0]!.results[0]!.shareOfCeiling).toBe(
        0.25,
      );
    }
  });
});

describe("the tables", () => {
  const { results, ratios } = summarize(task, ceilings);
  const figures = figureTable({ ...task, results });

  it("have columns under each other in the terminal", () => {
    for (const table of [figures, ratioTable({ ratios })]) {
      const lines = terminalTable(table).trimEnd().split("\n");
      expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    }
  });

  it("round to three digits, with a thousands separator", () => {
    expect(figures[1]).toEqual(["Hugging Face fp32", "5.33", "250", "25 % of fp32", "1,500 MB"]);
  });

  it("give the time of one text in milliseconds, and of a start in seconds", () => {
    expect(figureTable({ work: "predict", texts: 1, results })[1]!.slice(1, 3)).toEqual([
      "12,000",
      "25 % of fp32",
    ]);
    expect(figureTable({ work: "start", texts: 1, results })[1]!.slice(1)).toEqual(["12.0", "1,500 MB"]);
  });

  it("name the ratio's direction", () => {
    expect(ratioTable({ ratios })).toEqual([
      ["times as fast as", "tagformer fp32", "tagformer bf16"],
      ["Hugging Face fp32", "2.00 [2.00, 2.00], 0.50 memory", "4.00 [4.00, 4.00], 0.50 memory"],
    ]);
  });

  it("are Markdown's too", () => {
    expect(
      markdownTable([
        ["", "a"],
        ["x", "1"],
      ]),
    ).toBe("|  | a |\n| --- | --: |\n| x | 1 |\n");
  });
});

describe("overviewTable", () => {
  it("has each of ours beside the fastest of theirs with the same precision, and nobody else", () => {
    const samples = {
      "hf-fp32": [sample([8], 1e9)],
      "ort-fp32": [sample([6], 1e9)],
      "ort-int8": [sample([1], 1e9)],
      fp32: [sample([4], 5e8)],
      bf16: [sample([2], 5e8)],
    };
    const measured = { ...whole, short: "prediction", samples };
    const [, ...rows] = overviewTable([{ ...measured, ...summarize(measured, ceilings) }]);
    expect(rows).toEqual([
      ["BERT-base: prediction, fp32", "16.0 texts/s", "onnxruntime-node fp32: 10.7 texts/s", "1.50", "0.50"],
    ]);
  });
});
