import type { Spec } from "vega";
import type { BarChart, Histogram } from "./chart.js";
import { axisNames, colours, narrow, wide } from "./vega-style.js";

const barHeight = 22;

/** Bars for Vega: beside names, or standing on an axis. */
export function barSpec(chart: BarChart | Histogram): Spec {
  return chart.kind === "bars" ? namedBars(chart) : histogram(chart);
}

function namedBars({ x, parts, bars, wide: isWide }: BarChart): Spec {
  const values = bars.flatMap(({ name, values }) => {
    let end = 0;
    return values.map((value, part) => {
      const start = end;
      end += value;
      return { name, part: parts[part]!, value, start, end };
    });
  });
  return {
    width: isWide ? wide : narrow,
    height: bars.length * barHeight + 60 + (parts.length > 1 ? 30 : 0),
    padding: 4,
    autosize: { type: "fit", contains: "padding" },
    data: [{ name: "data", values }],
    scales: [
      {
        name: "x",
        type: "linear",
        range: "width",
        domain: x.range ? [...x.range] : { data: "data", field: "end" },
        nice: !x.range,
        zero: true,
      },
      { name: "y", type: "band", range: "height", domain: bars.map(({ name }) => name), padding: 0.2 },
      { name: "colour", type: "ordinal", domain: [...parts], range: colours },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: x.title, tickCount: 5, grid: true },
      { orient: "left", scale: "y", ticks: false, domain: false, encode: axisNames },
    ],
    legends:
      parts.length > 1
        ? [{ fill: "colour", symbolType: "square", orient: "bottom", direction: "horizontal", columns: 2 }]
        : [],
    marks: [
      {
        name: "bars",
        type: "rect",
        from: { data: "data" },
        encode: {
          enter: {
            x: { scale: "x", field: "start" },
            x2: { scale: "x", field: "end" },
            y: { scale: "y", field: "name" },
            height: { scale: "y", band: 1 },
            fill: { scale: "colour", field: "part" },
          },
        },
      },
    ],
  };
}

function histogram({ x, y, bins, wide: isWide }: Histogram): Spec {
  const ends = bins.flatMap(({ from, to }) => [from, to]);
  return {
    width: isWide ? wide : narrow,
    height: 220,
    padding: 4,
    autosize: { type: "fit", contains: "padding" },
    data: [{ name: "data", values: bins.map((bin) => ({ ...bin })) }],
    scales: [
      {
        name: "x",
        type: "linear",
        range: "width",
        domain: x.range ? [...x.range] : [Math.min(...ends), Math.max(...ends)],
      },
      {
        name: "y",
        type: "linear",
        range: "height",
        domain: y.range ? [...y.range] : { data: "data", field: "value" },
        nice: !y.range,
        zero: true,
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: x.title, tickCount: 6 },
      { orient: "left", scale: "y", title: y.title, tickCount: 5, grid: true },
    ],
    marks: [
      {
        name: "bins",
        type: "rect",
        from: { data: "data" },
        encode: {
          enter: {
            x: { scale: "x", field: "from" },
            x2: { scale: "x", field: "to" },
            y: { scale: "y", field: "value" },
            y2: { scale: "y", value: 0 },
            fill: { value: colours[0]! },
            stroke: { value: "var(--card)" },
            strokeWidth: { value: 1 },
          },
        },
      },
    ],
  };
}
