// Lists and dictionaries of plain values as JSON and Python write them.

/** A number with its digits, so that it can be told from a string of digits. */
export class NumberLiteral {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/** A value within a list. */
type Scalar = string | boolean | null | NumberLiteral;

/** A list, tuple, set or array of values, or values by name. */
export type Literal = readonly Scalar[] | ReadonlyMap<string, Scalar>;

const space = /\s*/y;
const string = /[uUrR]?(?:'((?:[^'\\]|\\[\s\S])*)'|"((?:[^"\\]|\\[\s\S])*)")/y;
const number = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /(?:True|False|None|true|false|null|nan|NaN|NA)\b/y;
const opening = /(?:(?:set|frozenset|array|tuple|list|dict|OrderedDict)\s*\(\s*)?[[({]/y;
/** What may follow the list within `array(...)`. */
const closing = /\s*(?:,\s*dtype\s*=\s*[^)]*)?\)/y;

const closers: Readonly<Record<string, string>> = { "[": "]", "(": ")", "{": "}" };

/** Whether a cell begins as a list of quoted names or of numbers does, so that it is one or is broken. */
export function looksLiteral(text: string): boolean {
  return /^(?:\[|[({]\s*[uUrR]?["'\d)}.+-]|(?:set|frozenset|array)\s*\()/.test(text);
}

/**
 * The list or dictionary that a text writes: `["a", "b"]`, `['a', 'b']`, `('a',)`, `{'a', 'b'}`, `set()`, `{"a": true}`, `[0, 1]`,
 * or as NumPy prints arrays, without commas: `['a' 'b']`, `[0. 1.]`. Within square brackets words need no quotes: `[a, b]`.
 *
 * @returns `undefined` when the text is none
 */
export function parseLiteral(text: string): Literal | undefined {
  if (/^(?:set|frozenset|tuple|list|dict)\s*\(\s*\)$/.test(text)) return [];
  return new Parser(text).parse() ?? bareWords(text);
}

class Parser {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Literal | undefined {
    const start = this.#match(opening)?.[0];
    if (start === undefined) return undefined;
    const bracket = start.at(-1)!;
    const items = this.#items(closers[bracket]!, bracket === "{");
    if (items === undefined) return undefined;
    if (start.length > 1 && !this.#match(closing)) return undefined;
    this.#match(space);
    return this.#position === this.#text.length ? items : undefined;
  }

  #items(closer: string, braces: boolean): Literal | undefined {
    const list: Scalar[] = [];
    const map = new Map<string, Scalar>();
    for (;;) {
      this.#match(space);
      if (this.#take(closer)) break;
      const item = this.#scalar();
      if (item === undefined) return undefined;
      this.#match(space);
      if (braces && this.#take(":")) {
        this.#match(space);
        const value = this.#scalar();
        const name = item instanceof NumberLiteral ? item.digits : item;
        if (typeof name !== "string" || value === undefined || list.length > 0) return undefined;
        map.set(name, value);
        this.#match(space);
      } else {
        if (map.size > 0) return undefined;
        list.push(item);
      }
      const separated = this.#take(",");
      // Only NumPy writes no commas, and only within square brackets.
      if (!separated && closer !== "]" && this.#text[this.#position] !== closer) return undefined;
    }
    return map.size > 0 ? map : list;
  }

  #scalar(): Scalar | undefined {
    const quoted = this.#match(string);
    if (quoted) return decode(quoted[1] ?? quoted[2]!);
    const digits = this.#match(number)?.[0];
    if (digits !== undefined) return new NumberLiteral(digits);
    const constant = this.#match(word)?.[0];
    if (constant === undefined) return undefined;
    return /^true$/i.test(constant) ? true : /^false$/i.test(constant) ? false : null;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text);
    if (found) this.#position = pattern.lastIndex;
    return found;
  }

  #take(character: string): boolean {
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }
}

/** `[a, b]`, as Java and others print lists of strings. */
function bareWords(text: string): string[] | undefined {
  const inner = /^\[([^'"[\](){}]*)\]$/.exec(text)?.[1];
  if (inner === undefined || inner.trim() === "") return undefined;
  const names = inner.split(",").map((name) => name.trim());
  return names.includes("") ? undefined : names;
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};

/** The characters of a string literal; JSON and Python agree on all but rare escapes. */
function decode(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (_, byte?: string, unit?: string, point?: string, other?: string) => {
      if (other !== undefined) return escapes[other] ?? other;
      const code = Number.parseInt(byte ?? unit ?? point!, 16);
      return point === undefined ? String.fromCharCode(code) : String.fromCodePoint(Math.min(code, 0x10ffff));
    },
  );
}
