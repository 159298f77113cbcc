import { distance } from "fastest-levenshtein";

/** Names that a message lists at most. */
const listed = 20;

/** `; did you mean "x"?` for the nearest of `names` when it is near enough, otherwise what there is. */
export function didYouMean(name: string, names: readonly string[]): string {
  const [nearest] = [...names].sort((a, b) => distance(name, a) - distance(name, b));
  if (nearest !== undefined && nearest.normalize("NFC") === name.normalize("NFC")) {
    return `; "${nearest}" is written in the other Unicode form (NFC or NFD), which looks the same`;
  }
  if (
    nearest !== undefined &&
    distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, name.length / 3)
  ) {
    return `; did you mean "${nearest}"?`;
  }
  const rest = names.length > listed ? ` and ${names.length - listed} more` : "";
  return `; expected one of ${names.slice(0, listed).join(", ")}${rest}`;
}
