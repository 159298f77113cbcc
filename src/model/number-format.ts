// Numbers as a file writes them. Python tells 2.0 from 2, and transformers 5 refuses a whole number where its
// configurations declare a float; JavaScript does not tell them apart, so code that writes such a file again has to know.
import type { JsonObject } from "./json-file.js";

/** Names of the fields of a parsed file whose whole numbers were written as floats; kept when the object is spread. */
const floatFields = Symbol("fields that are floats");

type WithFloats = JsonObject & { readonly [floatFields]?: ReadonlySet<string> };

/** Strings are matched by themselves as well, so that nothing inside of one is taken for a field. */
const numberOrString = /"((?:[^"\\]|\\.)*)"(?:\s*:\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))?/g;
const wholeNumberLine = /^(\s*"((?:[^"\\]|\\.)*)": -?\d+)(,?)$/gm;

/** `parsed` with the memory of which of its numbers `text` writes as floats. */
export function rememberFloats(parsed: JsonObject, text: string): JsonObject {
  const fields = new Set<string>();
  for (const [, field, number] of text.matchAll(numberOrString)) {
    if (number !== undefined && /[.eE]/.test(number)) fields.add(field!);
  }
  return fields.size === 0 ? parsed : { ...parsed, [floatFields]: fields };
}

/** JSON with an indent of 2, in which numbers that were floats still are. */
export function formatJson(content: JsonObject): string {
  const fields = (content as WithFloats)[floatFields];
  const text = JSON.stringify(content, null, 2);
  if (fields === undefined) return text;
  return text.replace(wholeNumberLine, (line, number: string, field: string, comma: string) =>
    fields.has(field) ? `${number}.0${comma}` : line,
  );
}
