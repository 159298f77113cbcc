// Labels below others: one is given only together with the label above it.
import { invalidOption } from "../base/errors.js";
import { didYouMean } from "../base/suggestion.js";

/** Which label stands above which: the upper one's name by the lower one's, as in `{ insult: "toxic" }`. */
export type Hierarchy = Readonly<Record<string, string>>;

/** The label above each label, as an index into their names; -1 where there is none. */
export type Parents = readonly number[];

/** Precision, recall and F1 of sets of labels that hold, with each label, all labels above it (Kiritchenko et al. 2006). */
export interface HierarchicalMetrics {
  /** Share of what is given that is right. */
  readonly precision: number;
  /** Share of what is right that is given. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
}

/** A name, in quotes or without, with what follows it: `>`, a comma or the end. */
const link = /\s*(?:"((?:[^"]|"")*)"|([^",>]+?))\s*(>|,|$)/y;

/**
 * Reads `toxic > insult > slur, toxic > threat`; nothing is no hierarchy. Names with commas, quotes or `>` are in quotes, as in CSV.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
export function parseHierarchy(text: string): Hierarchy {
  const pairs: [child: string, parent: string][] = [];
  let above: string | undefined;
  for (let at = 0; at < text.length; at = link.lastIndex) {
    link.lastIndex = at;
    const [, quoted, plain, end] = link.exec(text) ?? malformed(text);
    if (end !== "" && link.lastIndex === text.length) malformed(text);
    const name = quoted?.replaceAll('""', '"') ?? plain!;
    if (above !== undefined) pairs.push([name, above]);
    else if (end !== ">") malformed(text);
    above = end === ">" ? name : undefined;
  }
  return asHierarchy(pairs);
}

function malformed(text: string): never {
  throw invalidOption(
    `option hierarchy is ${JSON.stringify(text)}; expected labels below others, such as \`toxic > insult, toxic > threat\``,
  );
}

function asHierarchy(pairs: readonly (readonly [child: string, parent: string])[]): Hierarchy {
  const parents = new Map<string, string>();
  for (const [child, parent] of pairs) {
    const other = parents.get(child) ?? parent;
    if (other !== parent)
      throw invalidOption(
        `option hierarchy puts "${child}" below "${other}" and below "${parent}"; a label has one above it`,
      );
    parents.set(child, parent);
  }
  return Object.fromEntries(parents);
}

/**
 * The labels above each of `names`; `undefined` where none is below another.
 *
 * @throws TagformerError `INVALID_OPTION` for names that are no labels, and for labels that stand above themselves
 */
export function parentsOf(hierarchy: Hierarchy, names: readonly string[]): Parents | undefined {
  const parents = new Array<number>(names.length).fill(-1);
  const indexOf = (name: string) => {
    const index = names.indexOf(name);
    if (index >= 0) return index;
    throw invalidOption(`option hierarchy names "${name}", which is no label${didYouMean(name, names)}`);
  };
  for (const [child, parent] of Object.entries(hierarchy)) parents[indexOf(child)] = indexOf(parent);
  for (const [label, name] of names.entries()) {
    if (above(parents, label).includes(label))
      throw invalidOption(`option hierarchy puts "${name}" above itself`);
  }
  return parents.some((parent) => parent >= 0) ? parents : undefined;
}

/** {@link Parents} by name. */
export function hierarchyOf(parents: Parents, names: readonly string[]): Hierarchy {
  return Object.fromEntries(
    names.flatMap((name, label) => (parents[label]! < 0 ? [] : [[name, names[parents[label]!]!]])),
  );
}

/** All labels above one, the nearest first; of a circle, each once. */
function above(parents: Parents, label: number): number[] {
  const found: number[] = [];
  for (let next = parents[label]!; next >= 0 && !found.includes(next); next = parents[next]!)
    found.push(next);
  return found;
}

/** Labels so that each comes after the one above it. */
export function fromTheTop(parents: Parents): number[] {
  const depths = parents.map((_, label) => above(parents, label).length);
  return [...parents.keys()].sort((a, b) => depths[a]! - depths[b]!);
}

/** Takes back the decisions for labels that were given without the one above them, `[rows * labels]`. */
export function keepBelowGiven(decisions: Uint8Array, parents: Parents): void {
  const lower = fromTheTop(parents).filter((label) => parents[label]! >= 0);
  for (let row = 0; row < decisions.length; row += parents.length) {
    for (const label of lower) decisions[row + label]! &= decisions[row + parents[label]!]!;
  }
}

/**
 * The figures over all rows and labels at once. Elements that are not labelled (NaN) are left out, unless a label below is set: then
 * they are, too.
 *
 * @param truth `[rows * labels]`: 0, 1 or NaN
 * @param decisions `[rows * labels]`
 */
export function hierarchicalMetrics(
  truth: Float32Array,
  decisions: Uint8Array,
  parents: Parents,
): HierarchicalMetrics {
  const lowest = fromTheTop(parents).reverse();
  const raise = (set: Uint8Array | Float32Array) => {
    for (const label of lowest) if (parents[label]! >= 0 && set[label] === 1) set[parents[label]!] = 1;
  };
  let [hits, given, set] = [0, 0, 0];
  for (let first = 0; first < decisions.length; first += parents.length) {
    const trueSet = truth.slice(first, first + parents.length);
    const givenSet = decisions.slice(first, first + parents.length);
    raise(trueSet);
    raise(givenSet);
    for (const [label, value] of trueSet.entries()) {
      if (Number.isNaN(value)) continue;
      hits += value * givenSet[label]!;
      given += givenSet[label]!;
      set += value;
    }
  }
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
  return { precision: share(hits, given), recall: share(hits, set), f1: share(2 * hits, given + set) };
}

/** Rows in which a label is set without the one above it, by the lower label's name; those of no row are left out. */
export function contradictions(
  labels: Float32Array,
  parents: Parents,
  names: readonly string[],
): Readonly<Record<string, number>> {
  const counts = new Array<number>(names.length).fill(0);
  for (let first = 0; first < labels.length; first += names.length) {
    for (const [label, parent] of parents.entries()) {
      // Not labelled above is no contradiction.
      if (parent >= 0 && labels[first + label]! > 0.5 && labels[first + parent]! <= 0.5) counts[label]!++;
    }
  }
  return Object.fromEntries(names.flatMap((name, i) => (counts[i]! > 0 ? [[name, counts[i]!]] : [])));
}
