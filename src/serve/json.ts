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
function parseJson(text: string): unknown {
  if (text.trim() === "") throw bad("the body is empty: expected JSON");
  // Before it is parsed: a megabyte of brackets would keep the parser, and every other request, for seconds.
  checkKeys(text);
  return parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad("the body is not JSON");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad("the body is not UTF-8");
  }
}

/**
 * Looks at nesting and keys of a text that may be JSON, once over it; a string is skipped in one step, so that long ones cost
 * little.
 */
function checkKeys(text: string): void {
  /** The keys of the objects around; `null` for a list. */
  const around: (Set<unknown> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = endOfString(text, i);
        if (end < 0) return;
        const keys = around.at(-1);
        if (keys && isKey(text, end + 1)) addKey(keys, parsed(text.slice(i, end + 1)));
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

/** Where a string ends that begins at `start`; -1 when it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** Whether a string that ends before `at` is a key. */
function isKey(text: string, at: number): boolean {
  while (" \t\r\n".includes(text[at]!)) at++;
  return text[at] === ":";
}

function addKey(keys: Set<unknown>, key: unknown): void {
  if (key === "__proto__") throw bad('the body has the key "__proto__"');
  if (keys.has(key)) throw bad(`the body has the key ${JSON.stringify(key).slice(0, 100)} twice`);
  keys.add(key);
}

function bad(message: string): ServeError {
  return new ServeError("bad_json", message);
}
