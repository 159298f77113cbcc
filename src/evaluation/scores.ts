import { invalidData, invalidOption, TagformerError } from "../base/errors.js";
import { shown } from "../base/parse-options.js";
import { keepBelowGiven, type Parents } from "./hierarchy.js";
import { sigmoid } from "./loss.js";

/** What a model said about some rows, `[rows * labels]`, row-major: logits, or the probabilities made from them. */
export type Scores =
  | {
      /** Scores before the sigmoid, of any size. */
      readonly logits: Float32Array;
    }
  | {
      /** Scores from 0 to 1. */
      readonly probabilities: Float32Array;
    };

/** Thresholds of labels that stand below others: such a label is set only where the one above it is. */
export interface HierarchicalThresholds {
  /** A threshold for each label, in label order. */
  readonly thresholds: readonly number[];
  /** For each label the index of the one above it; -1 where there is none. */
  readonly parents: Parents;
}

/** A probability above which a label is set: one for all labels, or one for each, in label order. */
export type Thresholds = number | readonly number[] | HierarchicalThresholds;

/** The probabilities of {@link Scores}, `[rows * labels]`. */
export function probabilitiesOf(scores: Scores): Float32Array {
  return "logits" in scores ? sigmoid(scores.logits) : scores.probabilities;
}

/** What counts as set, `[rows * labels]`: 1 above one half, otherwise 0; NaN where a row is not labelled. */
export function truthOf(labels: Float32Array): Float32Array {
  const truth = new Float32Array(labels.length);
  for (let i = 0; i < labels.length; i++)
    truth[i] = Number.isNaN(labels[i]!) ? Number.NaN : Number(labels[i]! > 0.5);
  return truth;
}

/**
 * The decisions on probabilities, `[rows * labels]`: 1 where a label is set.
 *
 * A label is set strictly above its threshold, and the comparison is in single precision, as in PyTorch and NumPy:
 * a probability printed as 0.6 does not exceed a threshold of 0.6.
 *
 * @throws {TagformerError} `INVALID_OPTION` when a threshold is not between 0 and 1, or their number is not `labels`
 */
export function decide(probabilities: Float32Array, labels: number, thresholds: Thresholds): Uint8Array {
  const perLabel = Float32Array.from(thresholdPerLabel(thresholds, labels));
  // A plain loop: a million rows are decided in the time that a callback for each of them would take to be called.
  const decisions = new Uint8Array(probabilities.length);
  for (let start = 0; start < decisions.length; start += labels) {
    for (let label = 0; label < labels; label++) {
      decisions[start + label] = probabilities[start + label]! > perLabel[label]! ? 1 : 0;
    }
  }
  const parents = parentsIn(thresholds);
  if (parents) keepBelowGiven(decisions, parents);
  return decisions;
}

/** The labels above others, where thresholds know of any. */
export function parentsIn(thresholds: Thresholds): Parents | undefined {
  return isHierarchical(thresholds) ? thresholds.parents : undefined;
}

function isHierarchical(thresholds: Thresholds): thresholds is HierarchicalThresholds {
  return typeof thresholds === "object" && thresholds !== null && "parents" in thresholds;
}

/**
 * One threshold for each label.
 *
 * @throws {TagformerError} `INVALID_OPTION` as {@link decide} does
 */
export function thresholdPerLabel(thresholds: Thresholds, labels: number): readonly number[] {
  if (isHierarchical(thresholds)) return thresholdPerLabel(thresholds.thresholds, labels);
  const given = typeof thresholds === "number" ? new Array<number>(labels).fill(thresholds) : thresholds;
  if (given?.length !== labels) {
    throw invalidOption(
      `thresholds: found ${typeof given?.length === "number" ? given.length : shown(given)} for ${labels} labels; give one number for all labels, or one for each`,
    );
  }
  for (const threshold of given) {
    if (typeof threshold === "number" && threshold >= 0 && threshold <= 1) continue;
    throw invalidOption(`thresholds: found ${shown(threshold)}, expected numbers from 0 to 1`);
  }
  return given;
}

/**
 * Checks that scores and labels belong together, and returns the number of rows.
 *
 * @throws {TagformerError} `INVALID_DATA` when the sizes do not fit, `NOT_FINITE` when a score is NaN or infinite
 */
export function checkedRows(scores: Scores, labels: Float32Array, labelNames: readonly string[]): number {
  const values = checkedValues(scores, labels, labelNames);
  const rows = labels.length / labelNames.length;
  if (!Number.isInteger(rows) || values.length !== labels.length) {
    throw invalidData(
      `found ${values.length} scores and ${labels.length} label values for ${labelNames.length} labels; ` +
        "expected one of each for every row and label",
    );
  }
  let bad = -1;
  for (let i = 0; bad < 0 && i < values.length; i++) if (!Number.isFinite(values[i]!)) bad = i;
  if (bad >= 0) {
    throw new TagformerError(
      "NOT_FINITE",
      `the model's score for label "${labelNames[bad % labelNames.length]}" of row ${Math.floor(bad / labelNames.length) + 1} ` +
        `is ${values[bad]}; its weights are damaged: use an earlier model, or train with a smaller learning rate`,
    );
  }
  return rows;
}

/** Checks the kinds of what is judged, and the range of labels and probabilities; returns the scores' values. */
function checkedValues(scores: Scores, labels: Float32Array, labelNames: readonly string[]): Float32Array {
  if (
    !Array.isArray(labelNames) ||
    labelNames.length === 0 ||
    labelNames.some((name) => typeof name !== "string")
  )
    throw invalidData(`the label names are ${shown(labelNames)}; expected a list of texts`);
  if (!(labels instanceof Float32Array))
    throw invalidData(`the labels are ${shown(labels)}; expected a Float32Array, row by row`);
  const given: Partial<Record<"logits" | "probabilities", Float32Array>> = scores ?? {};
  const values = given.logits ?? given.probabilities;
  if (!(values instanceof Float32Array))
    throw invalidData(
      `the scores are ${shown(scores)}; expected { logits } or { probabilities }, a Float32Array, row by row`,
    );
  const badLabel = indexOutside(labels);
  if (badLabel >= 0)
    throw invalidData(
      `label value ${badLabel} is ${labels[badLabel]}; expected 0, 1, a value between, or NaN where it is missing`,
    );
  const badScore = given.logits === undefined ? indexOutside(values) : -1;
  if (badScore >= 0)
    throw invalidData(
      `probability ${badScore} is ${values[badScore]}; expected values from 0 to 1, or give them as { logits }`,
    );
  return values;
}

/** The first value below 0 or above 1; -1 when there is none. */
function indexOutside(values: Float32Array): number {
  // A plain loop, as above.
  for (let i = 0; i < values.length; i++) if (values[i]! < 0 || values[i]! > 1) return i;
  return -1;
}

/**
 * Checks the clusters of some rows.
 *
 * @throws {TagformerError} `INVALID_DATA`
 */
export function requireClusters(clusters: Int32Array | undefined, rows: number): void {
  if (clusters === undefined || (clusters instanceof Int32Array && clusters.length === rows)) return;
  throw invalidData(
    `the clusters are ${shown(clusters)}; expected an Int32Array with one for each of ${rows} rows`,
  );
}
