import type { Spec } from "vega";
import type { HeatMap } from "./chart.js";
import { axisNames, narrow, wide } from "./vega-style.js";

/** With more columns than these, numbers would not fit into the cells. */
const mostNumbers = 8;
const mostNumbersWide = 16;

/** How strong the colour of the largest value is; numbers must stay readable on it, in the light and in the dark. */
const strongest = 0.85;
const strongestUnderNumbers = 0.5;

/**
 * A heat map for Vega: one colour, the more of it the larger the value, so that it works on any paper. Its strength is the
 * root of the value's share of the largest: on the diagonal of co-occurring labels stand numbers beside which all others,
 * which are looked for, would be white.
 */
export function heatSpec({ rows, columns, values, wide: isWide }: HeatMap): Spec {
  const cells = values.flatMap((row, i) =>
    row.flatMap((value, j) =>
      value === null ? [] : [{ row: rows.names[i]!, column: columns.names[j]!, value, text: short(value) }],
    ),
  );
  const largest = Math.max(...cells.map(({ value }) => value), 0);
  const places = { x: { scale: "x", field: "column" }, y: { scale: "y", field: "row" } };
  const hasNumbers = columns.names.length <= (isWide ? mostNumbersWide : mostNumbers);
  // Very many are written small, and where they do not fit not each of them.
  const names = hasNumbers ? { labelOverlap: false } : { labelFontSize: 9, labelOverlap: true };
  const width = isWide ? wide : narrow;
  return {
    width,
    height: Math.min(width + (hasNumbers ? 0 : 100), rows.names.length * (isWide ? 36 : 30) + 110),
    padding: 4,
    autosize: { type: "fit", contains: "padding" },
    data: [{ name: "data", values: cells }],
    scales: [
      { name: "x", type: "band", range: "width", domain: [...columns.names] },
      { name: "y", type: "band", range: "height", domain: [...rows.names] },
      {
        name: "strength",
        type: "sqrt",
        range: [0, hasNumbers ? strongestUnderNumbers : strongest],
        domain: [0, largest || 1],
      },
    ],
    axes: [
      {
        orient: "bottom",
        scale: "x",
        title: columns.title,
        labelAlign: "right",
        labelAngle: hasNumbers ? -40 : -90,
        labelBaseline: hasNumbers ? "top" : "middle",
        encode: axisNames,
        ...names,
        ticks: false,
        domain: false,
      },
      {
        orient: "left",
        scale: "y",
        title: rows.title,
        encode: axisNames,
        ...names,
        ticks: false,
        domain: false,
      },
    ],
    marks: [
      {
        name: "cells",
        type: "rect",
        from: { data: "data" },
        encode: {
          enter: {
            ...places,
            width: { scale: "x", band: 1 },
            height: { scale: "y", band: 1 },
            fill: { value: "var(--c0)" },
            fillOpacity: { scale: "strength", field: "value" },
            stroke: { value: "var(--line)" },
            strokeWidth: { value: 0.5 },
          },
        },
      },
      ...(hasNumbers
        ? [
            {
              name: "numbers",
              type: "text" as const,
              from: { data: "data" },
              encode: {
                enter: {
                  x: { ...places.x, band: 0.5 },
                  y: { ...places.y, band: 0.5 },
                  text: { field: "text" },
                  align: { value: "center" as const },
                  baseline: { value: "middle" as const },
                  fontSize: { value: 10 },
                  fill: { value: "var(--ink)" },
                },
              },
            },
          ]
        : []),
    ],
  };
}

function short(value: number): string {
  if (Number.isInteger(value)) return value < 10_000 ? String(value) : `${Math.round(value / 1000)}k`;
  return value.toFixed(2);
}
