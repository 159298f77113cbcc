// Which columns a caller names.

/** The columns to read; what is not named is found. */
export interface ColumnOptions {
  /** The column of the text. */
  readonly text?: string | undefined;
  /** The column that identifies rows. */
  readonly id?: string | undefined;
  /**
   * The label columns, each 0 or 1; their order is the order of the labels. Together with `labelColumn`: the names that its
   * lists may hold.
   */
  readonly labels?: readonly string[] | undefined;
  /** Whose labels `labels` are, for messages: `the model`, or by default the option's. */
  readonly labelsOf?: string | undefined;
  /** One column that lists the names of the labels that are set. */
  readonly labelColumn?: string | undefined;
  /** The column of the rows' weights in the loss. */
  readonly weight?: string | undefined;
  /** The column that says what a row belongs to, such as its author, for splits that keep such rows together. */
  readonly group?: string | undefined;
}
