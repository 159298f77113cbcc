import type { Figures } from "./results.mjs";

/** Rows of cells, the first of which is the head. */
export type Cells = readonly (readonly string[])[];

export function figureTable(task: {
  readonly work: string;
  readonly texts: number;
  readonly results: Figures["results"];
}): Cells;
export function ratioTable(task: Pick<Figures, "ratios">): Cells;
export function terminalTable(rows: Cells): string;
export function markdownTable(rows: Cells): string;
export function threeDigits(value: number): string;
