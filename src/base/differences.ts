// What two processes, or two runs, must agree in: facts by name, and sentences about those that differ.

/** Facts by their names in a sentence: a value, or the digest of what is large. Plain JSON. */
export type Facts = Readonly<Record<string, unknown>>;

const digestMark = "sha256:";

/** Marks a digest, which says nothing to a reader. */
export function marked(digest: string): string {
  return `${digestMark}${digest}`;
}

/** Something in which two differ. */
export interface Difference {
  /** Its name in {@link Facts}. */
  readonly what: string;
  /** A sentence's part that names it, with both values where they can be shown. */
  readonly text: string;
}

/**
 * In what the facts of two differ.
 *
 * @param called what the values of either are called, such as `["when it began", "now"]`
 */
export function differencesOf(one: Facts, other: Facts, called: readonly [string, string]): Difference[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((what) => {
    const [first, second] = [one[what], other[what]].map((value) => JSON.stringify(value) ?? "not given") as [
      string,
      string,
    ];
    return first === second ? [] : [{ what, text: describe(what, [first, second], called) }];
  });
}

function describe(
  what: string,
  values: readonly [string, string],
  called: readonly [string, string],
): string {
  if (values.some((value) => value.startsWith(`"${digestMark}`))) return what;
  return `${what} (${values[0]} ${called[0]}, ${values[1]} ${called[1]})`;
}
