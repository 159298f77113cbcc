// Everything about a labelled table that decides how to train on it, as plain numbers.
import { shownRows } from "./bad-rows.js";
import { checkDataset, type Finding, type LabelCounts } from "./check.js";
import { rowsByCombination } from "./combinations.js";
import { firstOccurrences } from "./compressed-texts.js";
import { type Dataset, numberOf, unitOf } from "./dataset.js";
import { countWords, describeLengths, type LengthStatistics } from "./length-statistics.js";
import type { RowUnit } from "./row.js";

/** How often a label is set, and how unevenly. */
export interface LabelInspection extends LabelCounts {
  /** Share of the labelled rows in which it is set; `null` when none is labelled. */
  readonly share: number | null;
  /** Negatives for each positive, which is what `positiveWeight: "counts"` weighs positives with; `null` without any. */
  readonly negativesPerPositive: number | null;
}

/** A set of labels that rows have together. */
export interface LabelCombination {
  /** Names of the labels that are set. */
  readonly labels: readonly string[];
  /** Names of the labels that are missing. */
  readonly missing: readonly string[];
  /** Rows with exactly these. */
  readonly rows: number;
}

/** How label combinations are spread. */
export interface CombinationInspection {
  /** Number of different combinations. */
  readonly distinct: number;
  /** Combinations that occur in one row only: a split by combinations puts these rows into training. */
  readonly once: number;
  /** The first of those rows: their lines in a text file, else their row numbers; from 1. */
  readonly onceLines: readonly number[];
  /** The most frequent ones, at most twenty, frequent first. */
  readonly frequent: readonly LabelCombination[];
}

/** What a limit on the length of texts costs. */
export interface Cut {
  /** The limit in tokens, special tokens included. */
  readonly maxLength: number;
  /** Rows that are longer. */
  readonly rows: number;
  /** Share of all rows that are longer. */
  readonly share: number;
  /** Share of all tokens that are cut off. */
  readonly tokenShare: number;
}

/** Lengths in tokens, special tokens included. */
export interface TokenInspection extends LengthStatistics {
  /** The model or directory whose tokenizer counted. */
  readonly tokenizer: string;
  /** Number of tokens of all rows. */
  readonly total: number;
  /** What each limit costs, in ascending order. */
  readonly cuts: readonly Cut[];
  /** The same of what the model reads of a text unless told otherwise; `null` where windows read all of it. */
  readonly modelCut: Cut | null;
}

/** What a table of labelled texts holds. Plain numbers, strings and `null`: it can be written as JSON. */
export interface Inspection {
  /** Where the rows came from, as the dataset says. */
  readonly source: string;
  /** Number of rows. */
  readonly rows: number;
  /** What `lines` and `onceLines` count: lines of a text file, rows of everything else. */
  readonly lineUnit: RowUnit;
  /** Rows whose text is nothing but white space. */
  readonly emptyTexts: number;
  /** Rows whose text a row before them has. */
  readonly duplicateTexts: number;
  /** Rows whose id a row before them has; `null` where there are no ids. */
  readonly duplicateIds: number | null;
  /** Rows in which no label is set, and none is missing. */
  readonly rowsWithoutLabels: number;
  /** Mean number of labels that are set in a row. */
  readonly labelsPerRow: number;
  /** The labels, in the dataset's order. */
  readonly labels: readonly LabelInspection[];
  /** `cooccurrence[i][j]`: rows in which labels i and j are both set; the diagonal has the positives. */
  readonly cooccurrence: readonly (readonly number[])[];
  /** Sets of labels that rows have together. */
  readonly combinations: CombinationInspection;
  /** Lengths in words, split at white space as Python's `str.split()` does. */
  readonly words: LengthStatistics;
  /** Lengths in UTF-16 code units, as JavaScript counts. */
  readonly characters: LengthStatistics;
  /** Lengths in tokens; `null` when no tokenizer was given. */
  readonly tokens: TokenInspection | null;
  /** What {@link checkDataset} finds: what should be mended before training. */
  readonly findings: readonly Finding[];
}

/** Number of tokens of every row, and whose. */
export interface TokenLengths {
  readonly tokenizer: string;
  readonly lengths: Int32Array;
  /** Limits to judge. */
  readonly maxLengths: readonly number[];
  /** Tokens of a text that the model reads unless told otherwise; infinite where that is all of them. */
  readonly modelLength: number;
}

const shownCombinations = 20;

/** Looks at every row of a dataset. */
export function inspectRows(dataset: Dataset, tokens: TokenLengths | null): Inspection {
  const { source, texts, ids, labels, labelNames } = dataset;
  const { labels: counts, findings } = checkDataset(dataset);
  const foundRows = (kind: Finding["kind"]) => findings.find((finding) => finding.kind === kind)?.count ?? 0;
  const cooccurrence = countPairs(labels, labelNames.length);
  const positives = counts.reduce((sum, label) => sum + label.positives, 0);
  return {
    source,
    rows: texts.length,
    lineUnit: unitOf(dataset),
    emptyTexts: foundRows("emptyText"),
    duplicateTexts: firstOccurrences(texts).filter((first, row) => first !== row).length,
    duplicateIds: ids ? foundRows("duplicateId") : null,
    rowsWithoutLabels: rowsWithoutLabels(labels, labelNames.length),
    labelsPerRow: positives / texts.length,
    labels: counts.map(inspectLabel),
    cooccurrence,
    combinations: inspectCombinations(dataset),
    words: describeLengths(Int32Array.from(texts, countWords)),
    characters: describeLengths(Int32Array.from(texts, (text) => text.length)),
    tokens: tokens && inspectTokens(tokens),
    findings,
  };
}

function inspectLabel(counts: LabelCounts): LabelInspection {
  const { positives, negatives } = counts;
  const labelled = positives + negatives;
  return {
    ...counts,
    share: labelled === 0 ? null : positives / labelled,
    negativesPerPositive: positives === 0 ? null : negatives / positives,
  };
}

function countPairs(labels: Float32Array, width: number): number[][] {
  const pairs = Array.from({ length: width }, () => new Array<number>(width).fill(0));
  const set: number[] = [];
  for (let row = 0; row < labels.length; row += width) {
    set.length = 0;
    for (let i = 0; i < width; i++) if (labels[row + i]! > 0.5) set.push(i);
    for (const i of set) for (const j of set) pairs[i]![j]!++;
  }
  return pairs;
}

function rowsWithoutLabels(labels: Float32Array, width: number): number {
  let rows = 0;
  for (let row = 0; row < labels.length; row += width) {
    if (labels.subarray(row, row + width).every((label) => label <= 0.5)) rows++;
  }
  return rows;
}

function inspectCombinations(dataset: Dataset): CombinationInspection {
  const { labels, labelNames } = dataset;
  const groups = rowsByCombination(labels, labelNames.length);
  const once = groups.filter((rows) => rows.length === 1).map((rows) => rows[0]!);
  const frequent = [...groups].sort((a, b) => b.length - a.length).slice(0, shownCombinations);
  return {
    distinct: groups.length,
    once: once.length,
    onceLines: once.slice(0, shownRows).map((row) => numberOf(dataset, row)),
    frequent: frequent.map((rows) => {
      const labelOf = (i: number) => labels[rows[0]! * labelNames.length + i]!;
      return {
        labels: labelNames.filter((_, i) => labelOf(i) > 0.5),
        missing: labelNames.filter((_, i) => Number.isNaN(labelOf(i))),
        rows: rows.length,
      };
    }),
  };
}

function inspectTokens({ tokenizer, lengths, maxLengths, modelLength }: TokenLengths): TokenInspection {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const cutAt = (maxLength: number): Cut => {
    const longer = lengths.filter((length) => length > maxLength);
    const lost = longer.reduce((sum, length) => sum + length - maxLength, 0);
    return {
      maxLength,
      rows: longer.length,
      share: longer.length / lengths.length,
      tokenShare: lost / total,
    };
  };
  const cuts = [...maxLengths].sort((a, b) => a - b).map(cutAt);
  const modelCut = Number.isFinite(modelLength) ? cutAt(modelLength) : null;
  return { tokenizer, ...describeLengths(lengths), total, cuts, modelCut };
}
