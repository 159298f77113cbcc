// The numbers of a picture as a table.
import type { Chart } from "./chart.js";

/** The columns and rows that say the same as the picture. */
export function chartTable(chart: Chart): {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
} {
  switch (chart.kind) {
    case "lines":
      return {
        columns: ["", chart.x.title, chart.y.title, ...(chart.counted ? [chart.counted] : [])],
        rows: chart.series.flatMap(({ name, points }) =>
          points.map(({ x, y, count }) => [
            name,
            number(x),
            number(y),
            ...(chart.counted ? [number(count ?? 0)] : []),
          ]),
        ),
      };
    case "bars":
      return {
        columns: ["", ...chart.parts],
        rows: chart.bars.map(({ name, values }) => [name, ...values.map(number)]),
      };
    case "histogram":
      return {
        columns: [chart.x.title, chart.y.title],
        rows: chart.bins.map(({ from, to, value }) => [`${number(from)} to ${number(to)}`, number(value)]),
      };
    case "heat":
      return {
        columns: ["", ...chart.columns.names],
        rows: chart.values.map((row, i) => [
          chart.rows.names[i]!,
          ...row.map((value) => (value === null ? "" : number(value))),
        ]),
      };
  }
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
