import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import {
  contradictions,
  hierarchicalMetrics,
  hierarchyOf,
  parentsOf,
  parseHierarchy,
} from "../../../src/evaluation/hierarchy.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { decide } from "../../../src/evaluation/scores.js";
import { selectLabels, tune } from "../../../src/evaluation/tuning.js";

const names = ["toxic", "insult", "threat", "slur"];
/** slur is below insult, which is below toxic, as threat is. */
const parents = [-1, 0, 0, 1];

describe("parseHierarchy", () => {
  it.each<[string, Record<string, string>]>([
    ["toxic > insult", { insult: "toxic" }],
    ["toxic>insult>slur,toxic>threat", { insult: "toxic", slur: "insult", threat: "toxic" }],
    [' "a, b" > "say ""hi""" , "x > y">z', { 'say "hi"': "a, b", z: "x > y" }],
    ["very bad > a b", { "a b": "very bad" }],
    ["a > b, a > b", { b: "a" }],
    ["", {}],
  ])("reads %j", (text, hierarchy) => {
    expect(parseHierarchy(text)).toEqual(hierarchy);
  });

  it.each(["toxic", "toxic >", "> toxic", "a > b,", "a,, b > c", 'a > "b', "a > b > , c"])(
    "refuses %j",
    (text) => {
      expect(() => parseHierarchy(text)).toThrow(/expected labels below others, such as/);
    },
  );

  it("refuses two labels above one", () => {
    expect(() => parseHierarchy("a > c, b > c")).toThrow('puts "c" below "a" and below "b"');
  });
});

describe("parentsOf", () => {
  it("finds the labels by name", () => {
    expect(parentsOf({ insult: "toxic", threat: "toxic", slur: "insult" }, names)).toEqual(parents);
    expect(parentsOf(hierarchyOf(parents, names), names)).toEqual(parents);
  });

  it("refuses what is no label, and circles", () => {
    expect(() => parentsOf({ insults: "toxic" }, names)).toThrow(/"insults", which is no label.*"insult"/);
    expect(() => parentsOf({ toxic: "toxic" }, names)).toThrow('puts "toxic" above itself');
    expect(() => parentsOf({ insult: "toxic", slur: "insult", toxic: "slur" }, names)).toThrow(
      "above itself",
    );
  });
});

describe("decide", () => {
  it("gives a label only with all labels above it, whatever its own probability", () => {
    const probabilities = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    const thresholds = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(probabilities, thresholds, (values, limits) => {
        const row = Float32Array.from(values);
        const free = decide(row, 4, limits);
        const given = decide(row, 4, { thresholds: limits, parents });
        expect([...given]).toEqual([
          free[0],
          free[1]! & free[0]!,
          free[2]! & free[0]!,
          free[3]! & free[1]! & free[0]!,
        ]);
      }),
    );
  });
});

describe("hierarchicalMetrics", () => {
  it("counts what stands above as well", () => {
    // True: slur, and with it insult and toxic. Given: threat, and with it toxic.
    const figures = hierarchicalMetrics(Float32Array.of(0, 0, 0, 1), Uint8Array.of(0, 0, 1, 0), parents);
    expect(figures).toEqual({ precision: 1 / 2, recall: 1 / 3, f1: 2 / 5 });
  });

  it("leaves out what is not labelled, unless a label below is set", () => {
    const figures = hierarchicalMetrics(
      Float32Array.of(Number.NaN, 1, Number.NaN, 0),
      Uint8Array.of(1, 1, 1, 0),
      parents,
    );
    expect(figures).toEqual({ precision: 1, recall: 1, f1: 1 });
  });

  it("is part of an evaluation whose thresholds have a hierarchy, and of no other", () => {
    const labels = Float32Array.of(1, 1, 0, 0, 0, 0, 0, 0);
    const scores = { probabilities: Float32Array.of(0.9, 0.8, 0.1, 0.7, 0.2, 0.9, 0.1, 0.1) };
    const thresholds = [0.5, 0.5, 0.5, 0.5];
    const judged = evaluate(scores, labels, names, { thresholds, parents });
    expect(judged.hierarchical).toEqual({ precision: 2 / 3, recall: 1, f1: 4 / 5 });
    expect(judged.labels[1]).toMatchObject({ truePositives: 1, falsePositives: 0 });
    expect(evaluate(scores, labels, names, thresholds)).not.toHaveProperty("hierarchical");
  });
});

describe("tune", () => {
  const random = generator(3, "hierarchy");
  const rows = 400;
  const labels = new Float32Array(rows * 4);
  const logits = new Float32Array(rows * 4);
  for (let first = 0; first < labels.length; first += 4) {
    const toxic = random.float() < 0.4;
    const insult = toxic && random.float() < 0.6;
    labels.set(
      [toxic, insult, toxic && random.float() < 0.2, insult && random.float() < 0.3].map(Number),
      first,
    );
    for (let i = 0; i < 4; i++)
      logits[first + i] = 2 * labels[first + i]! - 1 + 3 * (random.float() + random.float() - 1);
  }
  const hierarchy = "toxic > insult > slur, toxic > threat";

  it.each([
    {},
    { average: "macro" },
    { method: "global" },
    { method: "two-pass" },
    { shrinkage: 0 },
  ] as const)("never gives a label alone, and serves the goal with %j", (options) => {
    const found = tune(logits, labels, names, { ...options, hierarchy });
    const free = tune(logits, labels, names, options);
    expect(found.parents).toEqual(parents);
    const decisions = decide(
      logits.map((logit) => 1 / (1 + Math.exp(-logit))),
      4,
      { thresholds: found.thresholds, parents },
    );
    for (let i = 0; i < decisions.length; i += 4)
      for (const [label, parent] of parents.entries())
        if (parent >= 0) expect(decisions[i + label]! <= decisions[i + parent]!).toBe(true);
    // What the data says of the order of the labels makes the figures better.
    expect(found.tuned.micro.f1).toBeGreaterThan(free.tuned.micro.f1);
    expect(found.crossFitted!.hierarchical!.f1).toBeGreaterThan(0.5);
  });

  it("is never worse than one threshold for all", () => {
    const one = tune(logits, labels, names, { method: "global", hierarchy });
    const each = tune(logits, labels, names, { hierarchy });
    expect(each.tuned.micro.f1).toBeGreaterThanOrEqual(one.tuned.micro.f1);
  });

  it("meets a target with the label above, or never gives the label", () => {
    const { tuned } = tune(logits, labels, names, { targetPrecision: 0.8, hierarchy });
    for (const { precision, truePositives, falsePositives } of tuned.labels)
      if (truePositives + falsePositives > 0) expect(precision).toBeGreaterThanOrEqual(0.8);
  });
});

it("keeps the hierarchy of the labels that are selected", () => {
  const decision = { temperatures: [1, 2, 3, 4], thresholds: [0.1, 0.2, 0.3, 0.4], parents };
  expect(selectLabels(decision, [3, 1])).toEqual({
    temperatures: [4, 2],
    thresholds: [0.4, 0.2],
    parents: [1, -1],
  });
});

it("counts the rows that contradict a hierarchy", () => {
  const labels = Float32Array.of(0, 1, 0, 0, 1, 1, 0, 1, Number.NaN, 1, 0, 1, 0, 0, 0, 1);
  expect(contradictions(labels, parents, names)).toEqual({ insult: 1, slur: 1 });
});
