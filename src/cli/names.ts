// Names on the command line: lists with commas, whose names may hold anything when they are quoted.
import { InvalidArgumentError } from "commander";

/**
 * The names of a list: `a, b,c`. Names with commas, quotes or blanks at their ends are enclosed in quotes, as in CSV
 * (`"a, b",c`), or the list is written as JSON (`["a, b", "c"]`).
 *
 * @throws InvalidArgumentError when a quote is not closed
 */
export function splitNames(text: string): string[] {
  const json = asJson(text);
  if (json !== undefined) return json;
  return splitList(text).map(unquote);
}

/** The parts of a list with commas, in which a part may begin with a quoted name. Quotes stay. */
export function splitList(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const [part] = /^\s*(?:"(?:[^"]|"")*"\s*[^,]*|[^",][^,]*|(?=,|$))/.exec(rest) ?? [];
    if (part === undefined) {
      throw new InvalidArgumentError(
        `The quote in ${rest} is not closed; names in quotes end with one, and double those inside: "say ""hi""".`,
      );
    }
    parts.push(part.trim());
    if (part.length === rest.length) return parts;
    rest = rest.slice(part.length + 1);
  }
}

/** A name without the quotes around it. */
export function unquote(part: string): string {
  return /^"(?:[^"]|"")*"$/.test(part) ? part.slice(1, -1).replaceAll('""', '"') : part;
}

function asJson(text: string): string[] | undefined {
  if (!text.trimStart().startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isNames = Array.isArray(value) && value.every((name) => typeof name === "string");
    return isNames ? value : undefined;
  } catch {
    return undefined; // a name may begin with a bracket
  }
}
