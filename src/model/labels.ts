// Label names in config.json: `id2label` decides, `label2id` and `num_labels` must agree with it.
import { invalidModel } from "../base/errors.js";
import { isJsonObject, type JsonObject } from "./json-file.js";

/** transformers builds a head of two labels when a config.json says nothing about them. */
const defaultLabels = 2;
const maxLabels = 1_000_000;

export interface ModelLabels {
  /** One name for each output of the head, in order. */
  readonly names: readonly string[];
  /** `false` when the names are only the placeholders `LABEL_0`, `LABEL_1`, ... */
  readonly named: boolean;
}

/**
 * The labels of a parsed config.json.
 *
 * @throws TagformerError `INVALID_MODEL` on gaps, duplicates or fields that contradict each other; `file` is named
 */
export function readLabels(config: JsonObject, file: string): ModelLabels {
  const count = readCount(config, file);
  const names = saysNothing(config.id2label)
    ? placeholderLabels(count ?? defaultLabels)
    : readNames(config.id2label, file);
  if (count !== null && count !== names.length) {
    throw invalidModel(`${file}: num_labels is ${count}, but id2label names ${names.length} labels`);
  }
  checkLabelIds(config.label2id, names, file);
  return { names, named: names.some((name, i) => name !== placeholder(i)) };
}

/** The `id2label` and `label2id` of a config.json with these labels. */
export function labelFields(names: readonly string[]): { id2label: JsonObject; label2id: JsonObject } {
  return {
    id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
    label2id: Object.fromEntries(names.map((name, i) => [name, i])),
  };
}

/** The names of labels without names: `LABEL_0`, `LABEL_1`, ... */
export function placeholderLabels(count: number): string[] {
  return Array.from({ length: count }, (_, i) => placeholder(i));
}

function placeholder(index: number): string {
  return `LABEL_${index}`;
}

function readCount(config: JsonObject, file: string): number | null {
  // Old versions of transformers wrote the field with an underscore.
  const count = config.num_labels ?? config._num_labels ?? null;
  if (count === null) return null;
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= maxLabels) return count;
  throw invalidModel(
    `${file}: num_labels is ${JSON.stringify(count)}; expected a whole number from 1 to ${maxLabels}`,
  );
}

function saysNothing(field: unknown): boolean {
  return field == null || (isJsonObject(field) && Object.keys(field).length === 0);
}

function readNames(id2label: unknown, file: string): string[] {
  if (!isJsonObject(id2label)) throw invalidModel(`${file}: id2label must map "0", "1", ... to label names`);
  const entries = Object.entries(id2label);
  const named = new Map(entries.map(([key, name]) => [readId(key), name]));
  const names: string[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < entries.length; i++) {
    if (!named.has(i)) {
      const count = entries.length;
      throw invalidModel(
        `${file}: id2label has ${count} entries, but none for ${i}; expected "0" to "${count - 1}"`,
      );
    }
    const name = readName(named.get(i), i, file);
    if (seen.has(name)) throw invalidModel(`${file}: id2label names two labels ${JSON.stringify(name)}`);
    seen.add(name);
    names.push(name);
  }
  return names;
}

/** The number that a key stands for, as Python's `int` reads it; NaN where it does not. */
function readId(key: string): number {
  return /^\s*\+?\d+(_\d+)*\s*$/.test(key) ? Number(key.replaceAll("_", "")) : Number.NaN;
}

/** transformers takes any value for a name; numbers and switches are written as JSON writes them, which is how they are keys of label2id. */
function readName(value: unknown, id: number, file: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw invalidModel(`${file}: id2label has ${JSON.stringify(value)} for ${id}; expected a name`);
}

/** Tools that set `id2label` alone leave the placeholders in `label2id`, which says nothing then. */
function isPlaceholders(ids: ReadonlyMap<string, unknown>): boolean {
  return [...ids.keys()].every((name) => /^LABEL_\d+$/.test(name));
}

function checkLabelIds(label2id: unknown, names: readonly string[], file: string): void {
  if (saysNothing(label2id)) return;
  const ids = isJsonObject(label2id)
    ? new Map(Object.entries(label2id).map(([name, id]) => [name, typeof id === "string" ? readId(id) : id]))
    : null;
  if (ids && isPlaceholders(ids) && names.some((name, i) => name !== placeholder(i))) return;
  const wrong = names.find((name, i) => ids?.get(name) !== i);
  if (ids?.size === names.length && wrong === undefined) return;
  const detail = wrong === undefined ? "it has other entries" : `see ${JSON.stringify(wrong)}`;
  throw invalidModel(`${file}: label2id is not the reverse of id2label (${detail}); correct it or remove it`);
}
