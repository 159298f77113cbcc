// How the columns of a table were understood, in a sentence.
import { listNames } from "./column-names.js";

/** What each column of a table is for. */
export interface ColumnRoles {
  readonly text?: string | undefined;
  readonly id?: string | undefined;
  readonly weight?: string | undefined;
  readonly group?: string | undefined;
  /** Columns of one label each, or the one that lists labels. */
  readonly labels?: readonly string[] | undefined;
}

/** The columns that have no role. */
export function unusedColumns(columns: readonly string[], { labels = [], ...roles }: ColumnRoles): string[] {
  const used = new Set<string | undefined>([...Object.values(roles), ...labels]);
  return columns.filter((column) => !used.has(column));
}

/**
 * Says which column is what, and which are not used.
 *
 * @param header the line of the header, where there is one
 */
export function describeColumns(
  file: string,
  header: number | undefined,
  columns: readonly string[],
  roles: ColumnRoles,
): string {
  const { text, id, weight, group, labels = [] } = roles;
  const found = [
    ...(header === undefined ? [] : [`line ${header} is the header`]),
    ...(text === undefined ? [] : [`text: ${listNames([text])}`]),
    ...(id === undefined ? [] : [`ids: ${listNames([id])}`]),
    ...(weight === undefined ? [] : [`weights: ${listNames([weight])}`]),
    ...(group === undefined ? [] : [`groups: ${listNames([group])}`]),
    ...(labels.length === 0 ? [] : [`labels: ${listNames(labels)}`]),
  ];
  const unused = unusedColumns(columns, roles);
  if (unused.length > 0) found.push(`not used: ${listNames(unused)}`);
  return `${file}: ${found.join("; ")}`;
}
