// Which columns a caller names.
import type { ListOptions } from "./list-notation.js";

/** The columns to read; what is not named is found. */
export interface ColumnOptions extends ListOptions {
  /** The column of the text. */
  readonly text?: string | undefined;
  /** The column that identifies rows. */
  readonly id?: string | undefined;
  /**
   * The label columns, each 0 or 1; their order is the order of the labels. Together with `labelColumn`: the names that its
   * lists may hold.
   */
  readonly labels?: readonly string[] | undefined;
  /**
   * A file with the names of the labels, for `labels` and for lists of ids: one a line, lines of id and name, a JSON array, or JSON
   * with names by id, such as a config.json.
   */
  readonly labelNames?: string | undefined;
  /** Whose labels `labels` are, for messages: `the model`, or by default the option's. */
  readonly labelsOf?: string | undefined;
  /** One column that lists the labels that are set: their names, their ids, or a value for each. */
  readonly labelColumn?: string | undefined;
  /** The column of the rows' weights in the loss. */
  readonly weight?: string | undefined;
  /** The column that says what a row belongs to, such as its author, for splits that keep such rows together. */
  readonly group?: string | undefined;
}

/** {@link ColumnOptions} with the names file read. */
export interface ResolvedColumnOptions extends ColumnOptions {
  /** The name of each id in a list. */
  readonly labelIds?: ReadonlyMap<string, string> | undefined;
}
