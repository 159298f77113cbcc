/** Micro-F1 of one seed by how it was made, `fp32` among them; `null` where a precision is not known. */
export type SeedFigures = Readonly<Record<string, number | null>>;

export interface Change {
  readonly name: string;
  /** Mean difference from fp32 over the seeds. */
  readonly mean: number;
  /** Ends of its 95 % interval. */
  readonly low: number;
  readonly high: number;
}

export function judge(rows: readonly SeedFigures[]): Change[];
export function verdictOf(change: Change): string;
