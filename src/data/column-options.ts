// Which columns a caller names, with what is known of their labels.
import type { ColumnOptions } from "./options.js";

/** {@link ColumnOptions} with the names file read. */
export interface ResolvedColumnOptions extends ColumnOptions {
  /** The name of each id in a list. */
  readonly labelIds?: ReadonlyMap<string, string> | undefined;
  /** Whose labels `labels` are, for messages: `the model`, or by default the option's. */
  readonly labelsOf?: string | undefined;
}
