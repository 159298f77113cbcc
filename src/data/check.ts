// What should be known about a dataset before hours of training are spent on it.
import { counted } from "../base/counted.js";
import { requireMadeBy } from "../base/kinds.js";
import { shownRows } from "./bad-rows.js";
import { listNames, showOnOneLine } from "./column-names.js";
import { firstOccurrences } from "./compressed-texts.js";
import { type Dataset, numberOf, unitOf } from "./dataset.js";
import type { RowUnit } from "./row.js";
import { requireDataset } from "./shape.js";

/**
 * What may be found in a dataset.
 *
 * - `emptyText`: a text of nothing but white space.
 * - `duplicateId`: the id of a row before.
 * - `conflictingLabels`: one text with different labels.
 * - `missingLabels`: rows in which some labels are missing.
 * - `neverSet`, `alwaysSet`: a label that is the same in every row, so that nothing can be learned about it.
 * - `neverLabelled`: a label that is missing in every row.
 * - `similarNames`: a label whose name differs from that of one before it in letter case, blanks or Unicode form alone.
 */
export type FindingKind =
  | "emptyText"
  | "duplicateId"
  | "conflictingLabels"
  | "missingLabels"
  | "neverSet"
  | "alwaysSet"
  | "neverLabelled"
  | "similarNames";

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
  requireDataset(dataset);
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
    findings: [
      ...rowFindings.filter(({ count }) => count > 0),
      ...labels.flatMap(labelFindings),
      ...similarNames(labels),
    ],
  };
}

/** Labels whose counts are listed, each on a line; of more, one line names the rarest. */
const listedLabels = 40;

/**
 * Lines of text for a person: label counts, then findings, errors last. Findings of one kind are one line, with their number and
 * the first of them.
 */
export function formatFindings(check: DatasetCheck): string[] {
  requireMadeBy("checkDataset()", check, ["findings", "labels"]);
  const kinds = [...new Set(check.findings.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const found = check.findings.filter((finding) => finding.kind === kind);
    return { severity: found[0]!.severity, text: describe(found, check.lineUnit) };
  });
  const errorsLast = lines.sort((a, b) => b.severity.localeCompare(a.severity));
  const findings = errorsLast.map(({ severity, text }) => `${severity}: ${text}`);
  const counts =
    check.labels.length > listedLabels ? [describeRarest(check.labels)] : listCounts(check.labels);
  return [
    `${check.source}: ${counted(check.rows, "row")}, ${counted(check.labels.length, "label")}`,
    ...counts,
    ...findings,
  ];
}

function listCounts(labels: readonly LabelCounts[]): string[] {
  const width = Math.max(0, ...labels.map(({ name }) => showOnOneLine(name).length));
  return labels.map(({ name, positives, negatives, missing }) => {
    const rest = missing > 0 ? `, ${missing} missing` : "";
    return `  ${showOnOneLine(name).padEnd(width)}  ${positives} of ${positives + negatives} set${rest}`;
  });
}

function describeRarest(labels: readonly LabelCounts[]): string {
  const sorted = [...labels].sort((a, b) => a.positives - b.positives);
  const rarest = sorted
    .slice(0, shownRows)
    .map(({ name, positives }) => `${JSON.stringify(name)} ${positives}`);
  return `  each is set in ${sorted[0]!.positives} to ${sorted.at(-1)!.positives} rows; least often: ${rarest.join(", ")}, ... (tagformer inspect lists all)`;
}

/** One line for all findings of one kind. */
function describe(found: readonly Finding[], unit: RowUnit): string {
  const [{ kind, count, lines }] = found as readonly [Finding, ...Finding[]];
  const at = ` (${unit} ${lines.join(", ")}${count > lines.length ? ", ..." : ""})`;
  const names = listNames(found.map(({ label = "" }) => label));
  const [labels, are, they] = found.length === 1 ? ["label", "is", "it"] : ["labels", "are", "they"];
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
      return `${labels} ${names} ${are} never set, so ${they} cannot be learned`;
    case "alwaysSet":
      return `${labels} ${names} ${are} always set, so ${they} cannot be learned`;
    case "neverLabelled":
      return `${labels} ${names} ${are} missing in every row; remove ${found.length === 1 ? "it" : "them"}`;
    case "similarNames":
      return `${labels} ${names} ${found.length === 1 ? "differs" : "differ"} from another in letter case, blanks or Unicode form alone; if they mean the same, give them one name`;
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

/** Labels that people take for one before them. */
function similarNames(labels: readonly LabelCounts[]): Finding[] {
  const seen = new Set<string>();
  return labels.flatMap(({ name, positives, negatives, missing }) => {
    const essence = name
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s_-]+/g, "");
    if (!seen.has(essence)) {
      seen.add(essence);
      return [];
    }
    const count = positives + negatives + missing;
    return [{ kind: "similarNames", severity: "warning", label: name, count, lines: [] } as const];
  });
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
