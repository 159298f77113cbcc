/**
 * Labelled texts in memory, one entry a row, in file order.
 *
 * `labels` is dense and row-major, `[rows * labelNames.length]`: 0, 1, or NaN where the row is not labelled.
 */
export interface Dataset {
  /** Where the rows came from, for messages: a file path, or a name given by the caller. */
  readonly source: string;
  readonly texts: readonly string[];
  readonly labelNames: readonly string[];
  readonly labels: Float32Array;
  /** The id column, when there is one. */
  readonly ids?: readonly string[];
  /** The line (1-based) on which each row starts in `source`, when it came from a file. */
  readonly lines?: Int32Array;
}
