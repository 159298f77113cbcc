// Bodies of requests as JSON, read so that no two readers of one body disagree about it.
import { ServeError } from "./errors.js";

/** Nesting that no protocol here comes near to. */
const deepest = 32;

/**
 * Parses a body.
 *
 * @throws ServeError for bytes that are not UTF-8 or not JSON, for deep nesting, and for keys that occur twice or are `__proto__`
 */
export function parseBody(bytes: Uint8Array): unknown {
  return parseJson(decode(bytes));
}

/** {@link parseBody} of a text. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad(text.trim() === "" ? "the body is empty: expected JSON" : "the body is not JSON");
  }
  checkKeys(text);
  return value;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad("the body is not UTF-8");
  }
}

/** Looks at the keys of a text that is JSON. Strings are skipped in one step each, so that long ones cost little. */
function checkKeys(text: string): void {
  /** The keys of the objects around; `null` for a list. */
  const around: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i);
        const keys = around.at(-1);
        if (keys && isKey(text, end + 1)) addKey(keys, JSON.parse(text.slice(i, end + 1)) as string);
        i = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        if (around.length === deepest) throw bad(`the body is nested more than ${deepest} deep`);
        around.push(text[i] === "{" ? new Set() : null);
        break;
      case 0x7d:
      case 0x5d:
        around.pop();
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** Whether a string that ends before `at` is a key. */
function isKey(text: string, at: number): boolean {
  while (" \t\r\n".includes(text[at]!)) at++;
  return text[at] === ":";
}

function addKey(keys: Set<string>, key: string): void {
  if (key === "__proto__") throw bad('the body has the key "__proto__"');
  if (keys.has(key)) throw bad(`the body has the key ${JSON.stringify(key.slice(0, 100))} twice`);
  keys.add(key);
}

function bad(message: string): ServeError {
  return new ServeError("bad_json", message);
}
