import { distance } from "fastest-levenshtein";

/** Names that a message lists at most. */
const listed = 20;

/** The nearest of `names`. */
function nearestOf(name: string, names: readonly string[]): string | undefined {
  return [...names].sort((a, b) => distance(name, a) - distance(name, b))[0];
}

/** Whether `name` may have been meant to be `other`: by two edits, or by a third of its length. */
function isNear(name: string, other: string): boolean {
  return distance(name.toLowerCase(), other.toLowerCase()) <= Math.max(2, name.length / 3);
}

/** The nearest of `names`, where it is near enough to have been meant. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const nearest = nearestOf(name, names);
  return nearest !== undefined && isNear(name, nearest) ? nearest : undefined;
}

/** `; did you mean "x"?` for the nearest of `names` when it is near enough, otherwise what there is. */
export function didYouMean(name: string, names: readonly string[]): string {
  const nearest = nearestOf(name, names);
  if (nearest !== undefined && nearest.normalize("NFC") === name.normalize("NFC")) {
    return `; "${nearest}" is written in the other Unicode form (NFC or NFD), which looks the same`;
  }
  if (nearest !== undefined && isNear(name, nearest)) return `; did you mean "${nearest}"?`;
  const rest = names.length > listed ? ` and ${names.length - listed} more` : "";
  return `; expected one of ${names.slice(0, listed).join(", ")}${rest}`;
}
