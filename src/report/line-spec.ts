import type { Scale, Spec } from "vega";
import type { Axis, LineChart } from "./chart.js";
import { colours, dashes, legendNames, narrow, wide } from "./vega-style.js";

/** With fewer points than these a line shows where they are. */
const fewPoints = 30;

/** Labels of an axis of very small numbers. */
const exponents = {
  labels: { update: { text: { signal: "datum.value === 0 ? '0' : format(datum.value, '~e')" } } },
};

/** Areas in proportion to counts, with the smallest still to be seen. */
const sizeScale: Scale = {
  name: "size",
  type: "linear",
  domain: { data: "data", field: "count" },
  domainMin: 0,
  range: [16, 260],
};

/** The counts beside the points of a line: on the side of the diagonal that the line does not take. */
const countMarks = {
  name: "counts",
  type: "text" as const,
  from: { data: "line" },
  encode: {
    enter: {
      x: { scale: "x", field: "x", offset: { signal: "datum.y > datum.x ? -10 : 10" } },
      y: { scale: "y", field: "y", offset: { signal: "datum.y > datum.x || datum.y < 0.08 ? -8 : 12" } },
      align: { signal: "datum.y > datum.x ? 'right' : 'left'" },
      text: { signal: "format(datum.count, ',')" },
      fill: { value: "var(--ink)" },
      fontSize: { value: 10 },
    },
  },
};

/** A chart of lines for Vega. */
export function lineSpec(chart: LineChart): Spec {
  const names = chart.series.map(({ name }) => name);
  const values = chart.series.flatMap(({ name, points }) =>
    points.map(({ x, y, count }) => ({ series: name, x, y, ...(chart.counted && { count }) })),
  );
  const few = chart.series.every(({ points }) => points.length < fewPoints);
  const place = { x: { scale: "x", field: "x" }, y: { scale: "y", field: "y" } } as const;
  const legendColumns = chart.wide ? 4 : 2;
  const legendRows = names.length > 1 ? Math.ceil(names.length / legendColumns) : 0;
  return {
    width: chart.wide ? wide : narrow,
    height: (chart.wide ? 300 : 240) + 20 * legendRows,
    padding: 4,
    autosize: { type: "fit", contains: "padding" },
    data: [
      { name: "data", values },
      { name: "corners", values: chart.diagonal ? [0, 1].map((at) => ({ x: at, y: at })) : [] },
      { name: "happened", values: (chart.marks ?? []).map((x) => ({ x })) },
    ],
    scales: [
      axisScale("x", "width", chart.x),
      axisScale("y", "height", chart.y),
      { name: "colour", type: "ordinal", domain: names, range: colours },
      { name: "dash", type: "ordinal", domain: names, range: dashes },
      ...(chart.counted ? [sizeScale] : []),
    ],
    axes: [
      {
        orient: "bottom",
        scale: "x",
        title: chart.x.title,
        tickCount: 6,
        grid: true,
        ...(chart.x.whole && { tickMinStep: 1, format: "d" }),
      },
      {
        orient: "left",
        scale: "y",
        title: chart.y.title,
        tickCount: 6,
        grid: true,
        ...(chart.y.small && { encode: exponents }),
      },
    ],
    legends:
      names.length > 1
        ? [
            {
              stroke: "colour",
              strokeDash: "dash",
              symbolType: "stroke",
              // As long as a dash and its gaps, so that lines can be found without their colours.
              symbolSize: 700,
              encode: legendNames,
              orient: "bottom",
              direction: "horizontal",
              columns: legendColumns,
            },
          ]
        : [],
    marks: [
      {
        type: "rule",
        from: { data: "happened" },
        encode: {
          enter: {
            x: place.x,
            y: { value: 0 },
            y2: { signal: "height" },
            stroke: { value: "var(--faint)" },
            strokeDash: { value: [4, 3] },
          },
        },
      },
      {
        type: "line",
        from: { data: "corners" },
        encode: {
          enter: { ...place, stroke: { value: "var(--faint)" }, strokeDash: { value: [3, 3] } },
        },
      },
      {
        type: "group",
        from: { facet: { name: "line", data: "data", groupby: "series" } },
        marks: [
          {
            name: "lines",
            type: "line",
            from: { data: "line" },
            encode: {
              enter: {
                ...place,
                stroke: { scale: "colour", field: "series" },
                strokeDash: { scale: "dash", field: "series" },
                strokeWidth: { value: 2 },
              },
            },
          },
          ...(few
            ? [
                {
                  name: "points",
                  type: "symbol" as const,
                  from: { data: "line" },
                  encode: {
                    enter: {
                      ...place,
                      fill: { scale: "colour", field: "series" },
                      size: chart.counted ? { scale: "size", field: "count" } : { value: 28 },
                      ...(chart.counted && { fillOpacity: { value: 0.75 } }),
                    },
                  },
                },
              ]
            : []),
          ...(chart.counted && names.length === 1 ? [countMarks] : []),
        ],
      },
    ],
  };
}

/** A linear scale of an axis: its range where it has one, otherwise that of the data from a round number to another. */
function axisScale(name: "x" | "y", range: "width" | "height", axis: Axis): Scale {
  const domain = axis.range ? [...axis.range] : { data: "data", field: name };
  return { name, type: "linear", range, domain, nice: !axis.range, zero: false };
}
