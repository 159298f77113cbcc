// JSON in which numbers keep their digits.

/** A JSON number that JavaScript would not write as it was written, such as an id beyond 2^53, or 1.0. */
export class WrittenNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  toString(): string {
    return this.digits;
  }

  valueOf(): number {
    return Number(this.digits);
  }

  /** For messages that show a value as JSON: as a string, because JavaScript writes no number with these digits. */
  toJSON(): string {
    return this.digits;
  }
}

/** Strings, matched so that what is in them stays as it is; Python's NaN; numbers. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|\bNaN\b|-?\d[\d.eE+-]*/g;

/** What a text holds in which {@link tokens} matter; it may be a part of a string. */
const needsCare = /[:[,]\s*-?(?:\d{16}|\d+[.eE]|0\b)|NaN/;

/**
 * A JSON value; the error, where the text is none. A number becomes a {@link WrittenNumber} where its digits would be lost, and
 * NaN, which Python writes and JSON does not know, becomes `null`.
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    return error as Error;
  }
}

function parse(text: string): unknown {
  if (!needsCare.test(text)) return JSON.parse(text);
  const key = unusedKey(text);
  const withNull = text.replace(tokens, (token) => (token === "NaN" ? "null" : token));
  const marked = withNull.replace(tokens, (token) =>
    token.startsWith('"') || String(Number(token)) === token || !isJsonNumber.test(token)
      ? token
      : `{"${key}":"${token}"}`,
  );
  if (marked === withNull) return JSON.parse(withNull);
  try {
    return JSON.parse(marked, (_, value: unknown) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? new WrittenNumber((value as Record<string, string>)[key]!)
        : value,
    );
  } catch {
    return JSON.parse(withNull); // its message quotes the text as it was written
  }
}

const isJsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A key that no object of the text has. */
function unusedKey(text: string): string {
  let key = "number";
  while (text.includes(key)) key += "_";
  return key;
}

/** Whether a value is a JSON number. */
export function isNumberValue(value: unknown): value is number | WrittenNumber {
  return typeof value === "number" || value instanceof WrittenNumber;
}
