// Every kind of picture: the marks that are drawn stand where the data says.
import { describe, expect, it } from "vitest";
import type { Chart } from "../../../src/report/chart.js";
import { drawChart } from "../../../src/report/draw.js";

/** The paths of the marks of a name, in order. */
function marks(svg: string, name: string): string[] {
  const groups = svg.matchAll(new RegExp(`<g class="mark-\\w+ role-mark ${name}"[^>]*>(.*?)</g>`, "gs"));
  return [...groups].flatMap(([, group]) => [...group!.matchAll(/<path [^>]*>/g)].map(([path]) => path));
}

/** The corners of a path of lines. */
function vertices(path: string): [number, number][] {
  const steps = / d="([^"]*)"/.exec(path)![1]!;
  return [...steps.matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

/** Place and size of a rectangle. */
function rectangle(path: string): { x: number; y: number; width: number; height: number } {
  const [, x, y, width, height] = / d="M([\d.e-]+),([\d.e-]+)h([\d.e-]+)v([\d.e-]+)/.exec(path)!.map(Number);
  return { x: x!, y: y!, width: width!, height: height! };
}

const points = Array.from({ length: 41 }, (_, i) => ({ x: i / 40, y: (i / 40) ** 2 }));

describe("lines", () => {
  const chart: Chart = {
    kind: "lines",
    title: "Squares",
    x: { title: "x", range: [0, 1] },
    y: { title: "y", range: [0, 1] },
    series: [
      { name: "up", points },
      { name: "down", points: points.map(({ x, y }) => ({ x, y: 1 - y })) },
    ],
  };

  it("go through every point", async () => {
    const [up, down] = marks(await drawChart(chart), "lines").map(vertices);
    const [width, height] = [up!.at(-1)![0], up![0]![1]];
    expect(width).toBeGreaterThan(150);
    expect(height).toBeGreaterThan(100);
    expect([up!.length, down!.length]).toEqual([points.length, points.length]);
    for (const [i, { x, y }] of points.entries()) {
      expect(up![i]![0]).toBeCloseTo(x * width, 1);
      expect(up![i]![1]).toBeCloseTo((1 - y) * height, 1);
      expect(down![i]![1]).toBeCloseTo(y * height, 1);
    }
  });

  it("are told apart by colour and dashes, and named", async () => {
    const svg = await drawChart(chart);
    const [up, down] = marks(svg, "lines");
    expect(up).toContain('stroke="var(--c0)"');
    expect(down).toMatch(/stroke="var\(--c1\)".*stroke-dasharray="6,3"/);
    for (const name of ["up", "down", ">x<", ">y<"]) expect(svg).toContain(name);
  });

  it("of few points show where those are; the diagonal goes from corner to corner", async () => {
    const few: Chart = { ...chart, diagonal: true, series: [{ name: "few", points: points.slice(0, 5) }] };
    const svg = await drawChart(few);
    expect(marks(svg, "points")).toHaveLength(5);
    expect(marks(await drawChart(chart), "points")).toHaveLength(0);
    expect(svg).toContain('stroke-dasharray="3,3"');
  });
});

describe("bars", () => {
  it("are as long as their values, stacked one after the other", async () => {
    const svg = await drawChart({
      kind: "bars",
      title: "Counts",
      x: { title: "rows", range: [0, 100] },
      parts: ["found", "missed"],
      bars: [
        { name: "a", values: [50, 25] },
        { name: "b", values: [10, 90] },
      ],
    });
    const [aFound, aMissed, bFound, bMissed] = marks(svg, "bars").map(rectangle);
    expect(aFound!.width / aMissed!.width).toBeCloseTo(2, 3);
    expect(bMissed!.width / bFound!.width).toBeCloseTo(9, 3);
    expect(aMissed!.x).toBeCloseTo(aFound!.width, 3);
    expect(bFound!.y).toBeGreaterThan(aFound!.y);
    expect(bFound!.width + bMissed!.width).toBeCloseTo(2 * aFound!.width, 3);
  });
});

describe("a histogram", () => {
  it("has a bar on each range, as high as its value", async () => {
    const values = [5, 40, 20, 0];
    const bins = values.map((value, i) => ({ from: i * 10, to: (i + 1) * 10, value }));
    const svg = await drawChart({
      kind: "histogram",
      title: "h",
      x: { title: "x" },
      y: { title: "y" },
      bins,
    });
    const bars = marks(svg, "bins").map(rectangle);
    expect(bars.map(({ height }) => Math.round((40 * height) / bars[1]!.height))).toEqual(values);
    expect(bars[2]!.x).toBeCloseTo(2 * bars[1]!.x, 3);
  });
});

describe("a heat map", () => {
  const names = ["one", "two", "three"];
  const values = [
    [0, 5, 10],
    [2, 4, null],
    [1, 1, 1],
  ];
  const map = {
    kind: "heat",
    title: "m",
    rows: { title: "r", names },
    columns: { title: "c", names },
    values,
  } as const;

  it("has a cell for each value, as strong as the root of its share of the largest", async () => {
    const cells = marks(await drawChart(map), "cells");
    const strengths = cells.map((cell) => Number(/fill-opacity="([\d.]+)"/.exec(cell)![1]));
    const known = values.flat().filter((value) => value !== null);
    expect(strengths.map((strength) => Math.round(10 * (strength / 0.5) ** 2))).toEqual(known);
  });

  it("writes the numbers into the cells, unless there are too many", async () => {
    const texts = (svg: string) => /role-mark numbers".*?<\/g>/s.exec(svg)?.[0] ?? "";
    expect(
      [...texts(await drawChart(map)).matchAll(/>(\d+)<\/text>/g)].map(([, text]) => Number(text)),
    ).toEqual(values.flat().filter((value) => value !== null));
    const many = Array.from({ length: 30 }, (_, i) => `label ${i}`);
    const large = { ...map, rows: { title: "r", names: many }, columns: { title: "c", names: many } };
    expect(texts(await drawChart({ ...large, values: many.map(() => many.map(() => 1)) }))).toBe("");
  });
});

describe("names", () => {
  const long = "a name that is much longer than any picture of a phone's width has room for";
  const names = [long, `${long}, too`, "😀".repeat(40), "short"];
  const bars: Chart = {
    kind: "bars",
    title: "b",
    x: { title: "rows", range: [0, 1] },
    parts: ["rows"],
    bars: names.map((name) => ({ name, values: [1] })),
  };

  it("that are long are cut, between two characters, and leave room for their bars", async () => {
    const svg = await drawChart(bars);
    const drawn = marks(svg, "bars").map(rectangle);
    expect(drawn).toHaveLength(names.length); // two that are cut to the same are still two
    for (const { width } of drawn) expect(width).toBeGreaterThan(170);
    expect(svg).toContain(">a name that is mu…</text>");
    expect(svg).toMatch(/>(😀)+…<\/text>/u);
    expect(svg).toContain(">short</text>");
  });

  it("stand in the legend inside of the picture, every one", async () => {
    const svg = await drawChart({
      kind: "lines",
      title: "l",
      x: { title: "x" },
      y: { title: "y" },
      series: names.map((name) => ({ name, points })),
    });
    const [, width] = /viewBox="0 0 ([\d.]+) /.exec(svg)!.map(Number);
    const [, margin] = /<g [^>]*transform="translate\(([\d.]+),/.exec(svg)!.map(Number);
    const legend = svg.slice(svg.indexOf("role-legend"));
    const [, left, size] = /translate\((-?[\d.]+),[^>]*><path[^>]* d="M0,0h([\d.]+)/
      .exec(legend)!
      .map(Number);
    expect(margin! + left!).toBeGreaterThanOrEqual(0);
    expect(margin! + left! + size!).toBeLessThanOrEqual(width!);
    expect(legend.match(/role-legend-label/g)).toHaveLength(names.length);
  });
});

it("very small numbers of an axis are written with an exponent", async () => {
  const svg = await drawChart({
    kind: "lines",
    title: "l",
    x: { title: "step" },
    y: { title: "rate", small: true },
    series: [{ name: "rate", points: points.map(({ x }) => ({ x, y: 2e-5 * x })) }],
  });
  for (const label of [">0<", ">1e-5<", ">2e-5<"]) expect(svg).toContain(label);
});

it("names cannot become markup or scripts", async () => {
  const name = `<script>alert(1)</script>"'&]]>`;
  const named = { title: name, names: [name] };
  for (const chart of [
    { kind: "heat", title: name, rows: named, columns: named, values: [[1]] },
    { kind: "bars", title: name, x: { title: name }, parts: [name, "b"], bars: [{ name, values: [1, 2] }] },
    { kind: "lines", title: name, x: { title: name }, y: { title: name }, series: [{ name, points }] },
  ] satisfies Chart[]) {
    const svg = await drawChart(chart);
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;");
  }
});

it("draws labels of any name", async () => {
  const names = ["__proto__", "constructor", "toString", "a,b", "two\nlines", "=1", ""];
  const svg = await drawChart({
    kind: "bars",
    title: "Names",
    x: { title: "x" },
    parts: ["rows"],
    bars: names.map((name, i) => ({ name, values: [i + 1] })),
  });
  expect(marks(svg, "bars")).toHaveLength(names.length);
});
