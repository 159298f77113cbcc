// The pictures of all pages: lines, bars and heat maps, described by their data.

interface Common {
  readonly title: string;
  /** Takes the page's whole width. */
  readonly wide?: boolean;
}

/** An axis with numbers. */
export interface Axis {
  readonly title: string;
  /** The range that is shown; that of the data by default. */
  readonly range?: readonly [number, number];
  /** Its numbers are counted, not measured. */
  readonly whole?: boolean;
  /** Its numbers are so small that they are written with an exponent. */
  readonly small?: boolean;
}

/** A corner of a line. */
interface Point {
  readonly x: number;
  readonly y: number;
  /** What it is a mean of: the larger, the larger it is drawn, and with one line it is written beside the point. */
  readonly count?: number;
}

/** One line. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** Lines over two axes of numbers. */
export interface LineChart extends Common {
  readonly kind: "lines";
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Places on the x axis at which something happened. */
  readonly marks?: readonly number[];
  /** Draws the line from corner to corner that the others are to be compared with. */
  readonly diagonal?: boolean;
  /** What the points' counts count. */
  readonly counted?: string;
}

/** Bars beside names, each of one or several parts that are stacked. */
export interface BarChart extends Common {
  readonly kind: "bars";
  readonly x: Axis;
  /** The names of the parts. */
  readonly parts: readonly string[];
  readonly bars: readonly { readonly name: string; readonly values: readonly number[] }[];
}

/** Bars that stand on the ranges of one axis. */
export interface Histogram extends Common {
  readonly kind: "histogram";
  readonly x: Axis;
  readonly y: Axis;
  readonly bins: readonly { readonly from: number; readonly to: number; readonly value: number }[];
}

/** A square or rectangle of values, the darker the larger. */
export interface HeatMap extends Common {
  readonly kind: "heat";
  readonly rows: { readonly title: string; readonly names: readonly string[] };
  readonly columns: { readonly title: string; readonly names: readonly string[] };
  /** `[row][column]`; `null` where there is nothing to show. */
  readonly values: readonly (readonly (number | null)[])[];
}

export type Chart = LineChart | BarChart | Histogram | HeatMap;

/** What a picture shows, for who cannot see it. */
export function describeChart(chart: Chart): string {
  switch (chart.kind) {
    case "lines":
      return `${chart.title}: ${chart.y.title} over ${chart.x.title}, for ${list(chart.series.map(({ name }) => name))}`;
    case "bars":
      return `${chart.title}: ${chart.x.title} of ${list(chart.bars.map(({ name }) => name))}`;
    case "histogram":
      return `${chart.title}: ${chart.y.title} over ${chart.x.title}, ${chart.bins.length} bars`;
    case "heat":
      return `${chart.title}: ${chart.rows.names.length} rows (${chart.rows.title}) by ${chart.columns.names.length} columns (${chart.columns.title})`;
  }
}

function list(names: readonly string[]): string {
  const most = 8;
  return names.length > most
    ? `${names.slice(0, most).join(", ")} and ${names.length - most} more`
    : names.join(", ");
}
