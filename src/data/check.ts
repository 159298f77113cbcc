// What should be known about a dataset before hours of training are spent on it.
import { shownRows } from "./bad-rows.js";
import { type Dataset, numberOf, unitOf } from "./dataset.js";
import type { RowUnit } from "./row.js";
import { firstOccurrences } from "./texts.js";

/**
 * What may be found in a dataset.
 *
 * - `emptyText`: a text of nothing but white space.
 * - `duplicateId`: the id of a row before.
 * - `conflictingLabels`: one text with different labels.
 * - `missingLabels`: rows in which some labels are missing.
 * - `neverSet`, `alwaysSet`: a label that is the same in every row, so that nothing can be learned about it.
 * - `neverLabelled`: a label that is missing in every row.
 */
export type FindingKind =
  | "emptyText"
  | "duplicateId"
  | "conflictingLabels"
  | "missingLabels"
  | "neverSet"
  | "alwaysSet"
  | "neverLabelled";

/** One thing that was found. With an `error` no training is possible; a `warning` is for a person to judge. */
export interface Finding {
  /** What was found. */
  readonly kind: FindingKind;
  /** `error` or `warning`; see above. */
  readonly severity: "error" | "warning";
  /** The label it is about, for findings about one label. */
  readonly label?: string;
  /** Number of rows it is about. */
  readonly count: number;
  /** The first of these rows: their lines in a text file, else their row numbers; from 1. */
  readonly lines: readonly number[];
}

/** How often a label is set. */
export interface LabelCounts {
  /** The label's name. */
  readonly name: string;
  /** Rows in which it is set. */
  readonly positives: number;
  /** Rows in which it is not set. */
  readonly negatives: number;
  /** Rows that are not labelled. */
  readonly missing: number;
}

/** What {@link checkDataset} found. */
export interface DatasetCheck {
  /** Where the rows came from, as the dataset says. */
  readonly source: string;
  /** Number of rows. */
  readonly rows: number;
  /** What the `lines` of findings count: lines of a text file, rows of everything else. */
  readonly lineUnit: RowUnit;
  /** How often each label is set, in the dataset's order. */
  readonly labels: readonly LabelCounts[];
  /** What was found about rows, then about labels; empty when all is well. */
  readonly findings: readonly Finding[];
}

/** Looks at every row and label of a dataset. */
export function checkDataset(dataset: Dataset): DatasetCheck {
  const labels = countLabels(dataset);
  const rowFindings = [
    rowFinding(dataset, "emptyText", emptyTexts(dataset)),
    rowFinding(dataset, "duplicateId", duplicateIds(dataset)),
    rowFinding(dataset, "conflictingLabels", conflictingRows(dataset)),
    rowFinding(dataset, "missingLabels", rowsWithMissingLabels(dataset)),
  ];
  return {
    source: dataset.source,
    rows: dataset.texts.length,
    lineUnit: unitOf(dataset),
    labels,
    findings: [...rowFindings.filter(({ count }) => count > 0), ...labels.flatMap(labelFindings)],
  };
}

/** Lines of text for a person: label counts, then findings, errors first. */
export function formatFindings(check: DatasetCheck): string[] {
  const width = Math.max(0, ...check.labels.map(({ name }) => name.length));
  const counts = check.labels.map(({ name, positives, negatives, missing }) => {
    const rest = missing > 0 ? `, ${missing} missing` : "";
    return `  ${name.padEnd(width)}  ${positives} of ${positives + negatives} set${rest}`;
  });
  const errorsFirst = [...check.findings].sort((a, b) => a.severity.localeCompare(b.severity));
  const findings = errorsFirst.map((finding) => `${finding.severity}: ${describe(finding, check.lineUnit)}`);
  return [`${check.source}: ${check.rows} rows, ${check.labels.length} labels`, ...counts, ...findings];
}

function describe({ kind, label, count, lines }: Finding, unit: RowUnit): string {
  const at = ` (${unit} ${lines.join(", ")}${count > lines.length ? ", ..." : ""})`;
  switch (kind) {
    case "emptyText":
      return `texts that are empty: ${count}${at}`;
    case "duplicateId":
      return `rows with the id of a row before them: ${count}${at}`;
    case "conflictingLabels":
      return `rows with a text that another row labels differently: ${count}${at}`;
    case "missingLabels":
      return `rows with missing labels, which loss and metrics leave out: ${count}${at}`;
    case "neverSet":
      return `label "${label}" is never set, so it cannot be learned`;
    case "alwaysSet":
      return `label "${label}" is always set, so it cannot be learned`;
    case "neverLabelled":
      return `label "${label}" is missing in every row; remove it`;
  }
}

function rowFinding(dataset: Dataset, kind: FindingKind, rows: readonly number[]): Finding {
  const first = rows.slice(0, shownRows).map((row) => numberOf(dataset, row));
  return { kind, severity: "warning", count: rows.length, lines: first };
}

function labelFindings({ name, positives, negatives, missing }: LabelCounts): Finding[] {
  const about = { label: name, count: positives + negatives + missing, lines: [] };
  if (positives + negatives === 0) return [{ kind: "neverLabelled", severity: "error", ...about }];
  if (positives === 0) return [{ kind: "neverSet", severity: "warning", ...about }];
  if (negatives === 0) return [{ kind: "alwaysSet", severity: "warning", ...about }];
  return [];
}

function countLabels({ labelNames, labels }: Dataset): LabelCounts[] {
  const width = labelNames.length;
  const positives = new Int32Array(width);
  const missing = new Int32Array(width);
  for (let i = 0; i < labels.length; i++) {
    if (Number.isNaN(labels[i]!)) missing[i % width]!++;
    else if (labels[i]! > 0.5) positives[i % width]!++;
  }
  const rows = labels.length / width;
  return labelNames.map((name, i) => {
    const counts = { positives: positives[i]!, missing: missing[i]! };
    return { name, ...counts, negatives: rows - counts.positives - counts.missing };
  });
}

function emptyTexts({ texts }: Dataset): number[] {
  return rowsWhere(texts.length, (row) => texts.at(row)!.trim() === "");
}

function rowsWithMissingLabels({ texts, labels, labelNames }: Dataset): number[] {
  const width = labelNames.length;
  return rowsWhere(texts.length, (row) => labels.subarray(row * width, (row + 1) * width).some(Number.isNaN));
}

function duplicateIds({ ids = [] }: Dataset): number[] {
  const firsts = firstOccurrences(ids);
  return rowsWhere(ids.length, (row) => firsts[row] !== row);
}

/** Rows of every text that occurs with different labels. */
function conflictingRows({ texts, labels, labelNames }: Dataset): number[] {
  const width = labelNames.length;
  const differ = (a: number, b: number) => {
    for (let i = 0; i < width; i++) if (!Object.is(labels[a * width + i], labels[b * width + i])) return true;
    return false;
  };
  const firsts = firstOccurrences(texts);
  const conflicting = new Uint8Array(texts.length);
  for (const [row, first] of firsts.entries()) if (differ(first, row)) conflicting[first] = 1;
  return rowsWhere(texts.length, (row) => conflicting[firsts[row]!] === 1);
}

function rowsWhere(rows: number, condition: (row: number) => boolean): number[] {
  const found: number[] = [];
  for (let row = 0; row < rows; row++) if (condition(row)) found.push(row);
  return found;
}
