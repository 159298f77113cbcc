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
 * ones, would come first, and labels that are missing last. Where the rows do not show that the two rates differ, they are
 * taken to be nearly the same, and the order is that of the distance.
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
  const keys = new Float64Array(labels.length);
  for (const [label, column] of columns.entries()) {
    if (column === null) continue;
    const ofRows = wrongChances(column, rates.shift()!);
    for (const [i, row] of column.rows.entries()) {
      const place = row * width + label;
      chances[place] = ofRows[i]!;
      const distance = Math.abs(column.fitted[i]! - column.observed[i]!);
      keys[place] = (1 - amongEqual) * ofRows[i]! + amongEqual * distance;
    }
  }
  const order = largestFirst(keys).subarray(0, count);
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
const sharedRows = 150;

/** The square of a difference between the two rates, in standard errors, of which half is believed. */
const doubt = 4;

/** Share of the distance between probability and label in the order: it decides among labels that are equally likely wrong. */
const amongEqual = 1e-6;

/** By how much more likely the labels must be for probabilities to be taken as they are (natural logarithm). */
const evidence = 2;

/** One label, over the rows in which it is labelled. */
interface FittedColumn {
  readonly rows: Uint32Array;
  /** What the data has there, 0 or 1. */
  readonly observed: Float32Array;
  /** How often it has the label on such rows. */
  readonly fitted: Float64Array;
  /** What the model says. */
  readonly probabilities: Float32Array;
  readonly positives: number;
}

/** `null` when all labels are alike. */
function fittedColumn(probabilities: Float32Array, truth: Float32Array): FittedColumn | null {
  const rows = Uint32Array.from(truth.keys()).filter((row) => !Number.isNaN(truth[row]!));
  const observed = Float32Array.from(rows, (row) => truth[row]!);
  const positives = observed.reduce((sum, set) => sum + set, 0);
  if (positives === 0 || positives === observed.length) return null;
  const own = Float32Array.from(rows, (row) => probabilities[row]!);
  return { rows, observed, fitted: recalibrate(own, observed), probabilities: own, positives };
}

/** How likely each label of a column is wrong. */
function wrongChances(column: FittedColumn, rates: NoiseRates): Float64Array {
  const { observed } = column;
  const { wronglyGiven, wronglyMissing } = rates;
  return trueChances(column, rates).map((yes, i) => {
    const [wrong, right] =
      observed[i] === 1
        ? [(1 - yes) * wronglyGiven, yes * (1 - wronglyMissing)]
        : [yes * wronglyMissing, (1 - yes) * (1 - wronglyGiven)];
    return wrong / (wrong + right);
  });
}

/** How likely the label belongs to each row. */
function trueChances(
  { observed, fitted, probabilities, positives }: FittedColumn,
  { wronglyGiven, wronglyMissing }: NoiseRates,
): Float64Array {
  const seen = 1 - wronglyGiven - wronglyMissing;
  const rarest = (1e-3 * positives) / observed.length;
  // A model that never saw these mistakes says it already, and the data has the label more or less often than it says.
  const asSaid = Float64Array.from(probabilities, (probability) => wronglyGiven + seen * probability);
  const isSaid = logLikelihood(asSaid, observed) > logLikelihood(fitted, observed) + evidence;
  return fitted.map((probability, i) => {
    // The data has the label this often on such rows; without its mistakes it would belong this often.
    const belongs = isSaid ? probabilities[i]! : (probability - wronglyGiven) / seen;
    return Math.min(1 - 1e-3, Math.max(rarest, belongs));
  });
}

function logLikelihood(chances: Float64Array, observed: Float32Array): number {
  return chances.reduce((sum, chance, i) => {
    const certain = Math.min(1 - 1e-6, Math.max(1e-6, chance));
    return sum + observed[i]! * Math.log(certain) + (1 - observed[i]!) * Math.log(1 - certain);
  }, 0);
}

/** Rows of which the model is sure, and how many of them the data contradicts. */
interface SureRows {
  readonly rows: number;
  readonly contradictions: number;
}

/** The rates of each label, drawn toward those of all: a rare label has few rows of which the model is sure. */
function noiseRates(columns: readonly FittedColumn[]): NoiseRates[] {
  const orders = columns.map(({ fitted }) => largestFirst(fitted));
  const contradicted = (rows: Uint32Array, column: number, answer: 0 | 1): SureRows => ({
    rows: rows.length,
    contradictions: rows.reduce((sum, row) => sum + Number(columns[column]!.observed[row] === answer), 0),
  });
  const sureNot = orders.map((order, i) =>
    contradicted(order.subarray(order.length - Math.floor(surelyNot * order.length)), i, 1),
  );
  const given = sharedRates(sureNot).map((rate, i) => within(rate, 0.02 * shareOf(columns[i]!)));
  const sure = orders.map((order, i) => {
    const { positives } = columns[i]!;
    // Positives that were wrongly given are no rows of which the model is sure.
    const belonging = Math.max(0, positives - given[i]! * order.length) / (1 - given[i]!);
    const count = Math.max(Math.min(positives, fewestSure), surely * belonging);
    return contradicted(order.subarray(0, count), i, 0);
  });
  const missing = sharedRates(sure).map((rate) => within(rate, 0.005));
  return drawnTogether(given, missing, sumOf(sureNot), sumOf(sure));
}

const shareOf = ({ positives, observed }: FittedColumn) => positives / observed.length;
const within = (rate: number, least: number) => Math.min(0.45, Math.max(least, rate));

/**
 * Rates drawn toward their mean, in logarithms, as far as their standard errors leave it open that both kinds are the same.
 * The mean is that of what is known: a rate of many contradictions counts for more.
 */
function drawnTogether(
  given: readonly number[],
  missing: readonly number[],
  sureNot: SureRows,
  sure: SureRows,
): NoiseRates[] {
  const [ofGiven, ofMissing] = [sureNot.contradictions + 0.5, sure.contradictions + 0.5];
  const difference = Math.log(ofGiven / (sureNot.rows + 1)) - Math.log(ofMissing / (sure.rows + 1));
  const square = difference ** 2 / (1 / ofGiven + 1 / ofMissing);
  const kept = square / (square + doubt);
  const meanLogarithm = (rates: readonly number[]) =>
    rates.reduce((sum, rate) => sum + Math.log(rate), 0) / rates.length;
  const centre =
    (ofGiven * meanLogarithm(given) + ofMissing * meanLogarithm(missing)) / (ofGiven + ofMissing);
  const drawn = (rate: number) => Math.exp(centre + kept * (Math.log(rate) - centre));
  return given.map((rate, i) => ({ wronglyGiven: drawn(rate), wronglyMissing: drawn(missing[i]!) }));
}

function sumOf(labels: readonly SureRows[]): SureRows {
  return {
    rows: labels.reduce((sum, { rows }) => sum + rows, 0),
    contradictions: labels.reduce((sum, { contradictions }) => sum + contradictions, 0),
  };
}

function sharedRates(labels: readonly SureRows[]): number[] {
  const cautious = ({ rows, contradictions }: SureRows) =>
    (contradictions + 0.5 - caution * Math.sqrt(contradictions)) / (rows + 1);
  const all = cautious(sumOf(labels));
  return labels.map((label) => {
    const own = label.rows / (label.rows + sharedRows);
    return own * cautious(label) + (1 - own) * all;
  });
}
