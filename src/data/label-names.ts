// A file with the names of labels, in their order or by their ids.
import { invalidData } from "../base/errors.js";
import { type ByteSource, LineCounter, readUtf8 } from "./bytes.js";
import { isObject } from "./cell.js";
import { parseJson, WrittenNumber } from "./json-values.js";
import { tableSource } from "./source.js";

/** The labels that a file names. */
export interface LabelNames {
  /** The names, in the order of their ids. */
  readonly names: readonly string[];
  /** The name of each id. */
  readonly ids: ReadonlyMap<string, string>;
}

const accepted =
  'one name a line, lines of id and name such as "0,bug", a JSON array of names, or JSON with names by id such as {"0": "bug"} or the config.json of a model';

/** More than this is no list of names. */
const maxBytes = 64 * 2 ** 20;

/**
 * Reads the names of labels: one a line in the order of their ids, which count from 0; lines of id and name; a JSON array; or JSON
 * with names by id, ids by name, or `id2label` as in config.json.
 *
 * @throws TagformerError `IO` when the file cannot be read, `INVALID_DATA` when it is no list of names
 */
export async function readLabelNames(file: string, signal?: AbortSignal): Promise<LabelNames> {
  const text = await readText(tableSource(file, "txt"), signal);
  const entries = /^\s*[[{]/.test(text) ? fromJson(text) : fromLines(text);
  const refuse = (problem: string) =>
    invalidData(`${file}: ${problem}; expected names of labels: ${accepted}`);
  if (typeof entries === "string") throw refuse(entries);
  if (entries.length === 0) throw refuse("is empty");
  const ids = new Map(entries);
  if (ids.size < entries.length) throw refuse("has an id twice");
  const sorted = [...entries].sort(([a], [b]) => Number(a) - Number(b)).map(([, name]) => name);
  const twice = sorted.find((name, i) => sorted.indexOf(name) !== i);
  if (twice !== undefined) throw refuse(`has the name ${JSON.stringify(twice)} twice`);
  return { names: sorted, ids };
}

async function readText(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readUtf8(source, new LineCounter(), { signal })) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw invalidData(
        `${source.name}: has more than ${maxBytes / 2 ** 20} MiB; expected names of labels: ${accepted}`,
      );
    }
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/^\ufeff/, "");
}

type Entry = readonly [id: string, name: string];

function fromJson(text: string): readonly Entry[] | string {
  const value = parseJson(text);
  if (value instanceof Error) return `is not valid JSON (${value.message})`;
  if (Array.isArray(value)) {
    const wrong = value.findIndex((name) => typeof name !== "string" || name === "");
    return wrong < 0 ? value.map((name: string, i) => [String(i), name]) : `element ${wrong} is no name`;
  }
  if (!isObject(value)) return "is no list";
  const named = Object.entries(
    isObject(value.id2label) ? value.id2label : isObject(value.label2id) ? value.label2id : value,
  );
  if (named.every(([id, name]) => isId(id) && typeof name === "string" && name !== "")) {
    return named as readonly Entry[];
  }
  if (named.every(([, id]) => (typeof id === "number" || id instanceof WrittenNumber) && isId(String(id)))) {
    return named.map(([name, id]) => [String(id), name]);
  }
  return "has other fields than names by id";
}

function fromLines(text: string): readonly Entry[] | string {
  const lines = text
    .trimEnd()
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim());
  if (lines.length === 1 && lines[0] === "") return [];
  const blank = lines.indexOf("");
  if (blank >= 0) return `line ${blank + 1} is blank`;
  const rows = /^(id|index)\s*[\t,;:]/i.test(lines[0]!) ? lines.slice(1) : lines;
  const found = rows.map((line) => /^(\d+)\s*[\t,;:]\s*(.+)$/.exec(line));
  if (rows.length > 0 && found.every((match) => match !== null)) {
    return found.map(([, id, name]) => [String(Number(id)), unquote(name!)]);
  }
  return lines.map((name, i) => [String(i), unquote(name)]);
}

/** A name in quotes, as a table of names has it. */
function unquote(name: string): string {
  return /^"(?:[^"]|"")*"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name;
}

function isId(text: string): boolean {
  return /^\d+$/.test(text);
}
