import { distance } from "fastest-levenshtein";

/** `; did you mean "x"?` for the nearest of `names` when it is near enough, otherwise what there is. */
export function didYouMean(name: string, names: readonly string[]): string {
  const [nearest] = [...names].sort((a, b) => distance(name, a) - distance(name, b));
  if (
    nearest !== undefined &&
    distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, name.length / 3)
  ) {
    return `; did you mean "${nearest}"?`;
  }
  return `; expected one of ${names.join(", ")}`;
}
