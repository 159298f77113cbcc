import { requireCount } from "../base/kinds.js";
import { columnOf } from "./cuts.js";
import { type Mistake, mistakeAt } from "./mistakes.js";
import { largestFirst } from "./order.js";
import { recalibrate } from "./recalibration.js";
import { checkedRows, probabilitiesOf, type Scores, truthOf } from "./scores.js";

/** A label that may be wrong in the data. */
export interface SuspectedLabel extends Mistake {
  /** How likely it is wrong, by what the model says of this row and how often the data contradicts a model that is sure. */
  readonly wrongChance: number;
}

/** What {@link suspectedLabelErrors} finds. */
export interface LabelErrors {
  /** The most suspicious labels first. */
  readonly suspects: readonly SuspectedLabel[];
  /** How many of them are expected to be wrong: the sum of their chances. */
  readonly expectedWrong: number;
  /** How many labels of all are expected to be wrong. */
  readonly expectedWrongOfAll: number;
}

/**
 * The most suspicious labels of the data, those that are given and should not be as well as those that are missing, with an
 * estimate of how many are wrong.
 *
 * A label goes wrong in the data at two rates: that of missing where it belongs, and that of standing where it does not.
 * Where the model is surest, nearly all contradictions are such mistakes, which gives the rates (anchor points: Liu and Tao,
 * "Classification with Noisy Labels by Importance Reweighting", TPAMI 38, 2016); they are taken at the low end of what so
 * few rows allow, because some of those contradictions are the model's own mistakes. Bayes' rule then says of each label how
 * likely it is wrong. Sorted by the distance of probability and label alone, labels that a model is unsure of, such as rare
 * ones, would come first, and labels that are missing last.
 *
 * The estimate cannot tell a mistake from a row that people would rightly label either way. Rows must not be those that the
 * model was trained on, or it repeats what it was told. Labels with only one answer in the data are left out.
 *
 * @param scores `[rows * labels]`
 * @param labels `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled
 * @param count the most suspects to return
 * @throws {TagformerError} `INVALID_DATA` when sizes do not fit, `NOT_FINITE` when a score is NaN or infinite
 */
export function suspectedLabelErrors(
  scores: Scores,
  labels: Float32Array,
  labelNames: readonly string[],
  count: number,
): LabelErrors {
  requireCount(count, "label errors");
  checkedRows(scores, labels, labelNames);
  const width = labelNames.length;
  const probabilities = probabilitiesOf(scores);
  const truth = truthOf(labels);
  const columns = labelNames.map((_, label) =>
    fittedColumn(columnOf(probabilities, label, width), columnOf(truth, label, width)),
  );
  const rates = noiseRates(columns.filter((column) => column !== null));
  const chances = new Float64Array(labels.length);
  for (const [label, column] of columns.entries()) {
    if (column === null) continue;
    const ofRows = wrongChances(column, rates.shift()!);
    for (const [i, row] of column.rows.entries()) chances[row * width + label] = ofRows[i]!;
  }
  const order = largestFirst(chances).subarray(0, count);
  const suspects = Array.from(
    order.filter((i) => chances[i]! > 0),
    (i) => ({
      ...mistakeAt(i, probabilities[i]!, labels, labelNames),
      wrongChance: chances[i]!,
    }),
  );
  return {
    suspects,
    expectedWrong: suspects.reduce((sum, { wrongChance }) => sum + wrongChance, 0),
    expectedWrongOfAll: chances.reduce((sum, chance) => sum + chance, 0),
  };
}

/** How often a label goes wrong in the data. */
interface NoiseRates {
  /** Share of the rows to which it does not belong that have it. */
  readonly wronglyGiven: number;
  /** Share of the rows to which it belongs that lack it. */
  readonly wronglyMissing: number;
}

/** Half of the rows, those with the lowest scores, tell how often a label stands where it does not belong. */
const surelyNot = 0.5;
/** As many rows as a quarter of the positives, those with the highest scores, tell how often it is missing. */
const surely = 0.25;
const fewestSure = 5;
/** Standard deviations by which a count of contradictions is taken to be too large. */
const caution = 0.7;

/** With so many sure rows a label's own rates count as much as those of all labels together. */
const sharedRows = 40;

/** One label, over the rows in which it is labelled. */
interface FittedColumn {
  readonly rows: Uint32Array;
  /** What the data has there, 0 or 1. */
  readonly observed: Float32Array;
  /** How often it has the label on such rows. */
  readonly fitted: Float64Array;
  readonly positives: number;
}

/** `null` when all labels are alike. */
function fittedColumn(probabilities: Float32Array, truth: Float32Array): FittedColumn | null {
  const rows = Uint32Array.from(truth.keys()).filter((row) => !Number.isNaN(truth[row]!));
  const observed = Float32Array.from(rows, (row) => truth[row]!);
  const positives = observed.reduce((sum, set) => sum + set, 0);
  if (positives === 0 || positives === observed.length) return null;
  const fitted = recalibrate(
    Float32Array.from(rows, (row) => probabilities[row]!),
    observed,
  );
  return { rows, observed, fitted, positives };
}

/** How likely each label of a column is wrong. */
function wrongChances(
  { observed, fitted, positives }: FittedColumn,
  { wronglyGiven, wronglyMissing }: NoiseRates,
): Float64Array {
  const rarest = (1e-3 * positives) / observed.length;
  return fitted.map((probability, i) => {
    // The data has the label this often on such rows; without its mistakes it would belong this often.
    const belongs = (probability - wronglyGiven) / (1 - wronglyGiven - wronglyMissing);
    const yes = Math.min(1 - 1e-3, Math.max(rarest, belongs));
    const [wrong, right] =
      observed[i] === 1
        ? [(1 - yes) * wronglyGiven, yes * (1 - wronglyMissing)]
        : [yes * wronglyMissing, (1 - yes) * (1 - wronglyGiven)];
    return wrong / (wrong + right);
  });
}

/** Rows of which the model is sure, and how many of them the data contradicts. */
interface SureRows {
  readonly rows: number;
  readonly contradictions: number;
}

/** The rates of each label, drawn toward those of all: a rare label has few rows of which the model is sure. */
function noiseRates(columns: readonly FittedColumn[]): NoiseRates[] {
  const sure = columns.map(({ fitted, observed, positives }) => {
    const order = largestFirst(fitted);
    const top = order.subarray(0, Math.max(Math.min(positives, fewestSure), Math.floor(surely * positives)));
    const bottom = order.subarray(order.length - Math.floor(surelyNot * order.length));
    const contradicted = (rows: Uint32Array, answer: 0 | 1): SureRows => ({
      rows: rows.length,
      contradictions: rows.reduce((sum, row) => sum + Number(observed[row] === answer), 0),
    });
    return { given: contradicted(bottom, 1), missing: contradicted(top, 0) };
  });
  const given = sharedRates(sure.map((one) => one.given));
  const missing = sharedRates(sure.map((one) => one.missing));
  return columns.map(({ observed, positives }, i) => ({
    wronglyGiven: Math.min(0.45, Math.max((0.02 * positives) / observed.length, given[i]!)),
    wronglyMissing: Math.min(0.45, Math.max(0.005, missing[i]!)),
  }));
}

function sharedRates(labels: readonly SureRows[]): number[] {
  const cautious = ({ rows, contradictions }: SureRows) =>
    (contradictions + 0.5 - caution * Math.sqrt(contradictions)) / (rows + 1);
  const all = cautious({
    rows: labels.reduce((sum, { rows }) => sum + rows, 0),
    contradictions: labels.reduce((sum, { contradictions }) => sum + contradictions, 0),
  });
  return labels.map((label) => {
    const own = label.rows / (label.rows + sharedRows);
    return own * cautious(label) + (1 - own) * all;
  });
}
