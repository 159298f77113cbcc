// The headline figures of many samples of the same rows, each in one pass over counts: what resampling needs.
import { type DecisionMetrics, decisionMetrics } from "./counts.js";
import { columnOf } from "./cuts.js";
import type { Ranking } from "./ranking.js";
import { decide, probabilitiesOf, type Scores, type Thresholds, truthOf } from "./scores.js";

/** The figures that intervals and comparisons are about; `null` where one is not defined. */
export interface Figures {
  /** F1 over all labelled elements. */
  readonly microF1: number | null;
  /** Mean F1 of the labels. */
  readonly macroF1: number | null;
  /** Mean F1 of the labels, weighted by support. */
  readonly weightedF1: number | null;
  /** Mean F1 of the rows. */
  readonly samplesF1: number | null;
  /** Share of rows with every label decided rightly. */
  readonly subsetAccuracy: number | null;
  /** Share of elements decided wrongly. */
  readonly hammingLoss: number | null;
  /** Mean ROC AUC of the labels. */
  readonly macroRocAuc: number | null;
  /** Mean average precision of the labels. */
  readonly macroAveragePrecision: number | null;
}

/** Figures of all labels, and the F1 of each. */
export interface SampleFigures {
  readonly figures: Figures;
  readonly labelF1: readonly number[];
}

/** How a row's elements came out; the bits are truth and decision. */
const missing = 4;
const kinds = 5;

/** Decisions on rows, judged once. */
export interface JudgedRows {
  readonly rows: number;
  readonly labels: number;
  /** `[rows * labels]`: 2 * truth + decision, or 4 where it is not labelled. */
  readonly outcomes: Uint8Array;
  /** F1 of each row. */
  readonly f1: Float64Array;
  /** Elements of each row that were decided wrongly. */
  readonly wrong: Uint32Array;
  /** Each label's labelled rows, best score first, and the scores. */
  readonly rankings: readonly { readonly order: Uint32Array; readonly scores: Float32Array }[];
}

/**
 * Judges rows that all have a labelled element.
 *
 * @param labels `[rows * width]`, as {@link evaluate} takes them
 * @param decided thresholds, or the decisions themselves, `[rows * width]`
 */
export function judgeRows(
  scores: Scores,
  labels: Float32Array,
  width: number,
  decided: Thresholds | Uint8Array,
): JudgedRows {
  const truth = truthOf(labels);
  const decisions = decided instanceof Uint8Array ? decided : decide(probabilitiesOf(scores), width, decided);
  const outcomes = Uint8Array.from(truth, (set, i) =>
    Number.isNaN(set) ? missing : 2 * set + decisions[i]!,
  );
  const rows = outcomes.length / width;
  const f1 = new Float64Array(rows);
  const wrong = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    const counts = new Float64Array(kinds);
    for (let i = row * width; i < (row + 1) * width; i++) counts[outcomes[i]!]!++;
    f1[row] = metricsOf(counts, 0).f1;
    wrong[row] = counts[1]! + counts[2]!;
  }
  const values = "logits" in scores ? scores.logits : scores.probabilities;
  const rankings = Array.from({ length: width }, (_, label) => {
    const ofLabel = columnOf(values, label, width);
    const labelled = Uint32Array.from(ofLabel.keys()).filter(
      (row) => outcomes[row * width + label] !== missing,
    );
    return { order: labelled.sort((a, b) => ofLabel[b]! - ofLabel[a]!), scores: ofLabel };
  });
  return { rows, labels: width, outcomes, f1, wrong, rankings };
}

/** Sums over the rows of a sample, from which its figures follow. */
export class Tally {
  readonly #labels: number;
  /** `[labels * 5]`: how many elements came out how. */
  readonly #counts: Float64Array;
  #rows = 0;
  #right = 0;
  #f1 = 0;

  constructor(labels: number) {
    this.#labels = labels;
    this.#counts = new Float64Array(kinds * labels);
  }

  copy(): Tally {
    const copy = new Tally(this.#labels);
    copy.#counts.set(this.#counts);
    copy.#rows = this.#rows;
    copy.#right = this.#right;
    copy.#f1 = this.#f1;
    return copy;
  }

  /** Adds a row `times` times. */
  add(judged: JudgedRows, row: number, times: number): void {
    const first = row * this.#labels;
    for (let label = 0; label < this.#labels; label++) {
      this.#counts[kinds * label + judged.outcomes[first + label]!]! += times;
    }
    this.#rows += times;
    if (judged.wrong[row] === 0) this.#right += times;
    this.#f1 += times * judged.f1[row]!;
  }

  /** The figures about decisions; those about rankings are `null`. */
  figures(): SampleFigures {
    const total = new Float64Array(kinds);
    const labelF1: number[] = [];
    let [sum, measured, weighted, support] = [0, 0, 0, 0];
    for (let label = 0; label < this.#labels; label++) {
      const at = kinds * label;
      const { f1 } = metricsOf(this.#counts, at);
      for (let kind = 0; kind < missing; kind++) total[kind]! += this.#counts[at + kind]!;
      const positives = this.#counts[at + 2]! + this.#counts[at + 3]!;
      if (positives + this.#counts[at]! + this.#counts[at + 1]! > 0) measured++;
      labelF1.push(f1);
      sum += f1;
      weighted += positives * f1;
      support += positives;
    }
    const labelled = total[0]! + total[1]! + total[2]! + total[3]!;
    return {
      labelF1,
      figures: {
        microF1: metricsOf(total, 0).f1,
        macroF1: sum / measured,
        weightedF1: support === 0 ? 0 : weighted / support,
        samplesF1: this.#f1 / this.#rows,
        subsetAccuracy: this.#right / this.#rows,
        hammingLoss: (total[1]! + total[2]!) / labelled,
        macroRocAuc: null,
        macroAveragePrecision: null,
      },
    };
  }
}

/** All figures of the sample that holds each row `weights[row]` times. */
export function weightedFigures(judged: JudgedRows, weights: Uint32Array): SampleFigures {
  const tally = new Tally(judged.labels);
  for (let row = 0; row < judged.rows; row++) if (weights[row]! > 0) tally.add(judged, row, weights[row]!);
  const rankings = Array.from({ length: judged.labels }, (_, label) =>
    weightedRanking(judged, label, weights),
  );
  const { figures, labelF1 } = tally.figures();
  const macroRocAuc = meanOfDefined(rankings.map(({ rocAuc }) => rocAuc));
  const macroAveragePrecision = meanOfDefined(rankings.map(({ averagePrecision }) => averagePrecision));
  return { labelF1, figures: { ...figures, macroRocAuc, macroAveragePrecision } };
}

/** As `rank` has it, of rows that count several times or not at all. */
function weightedRanking(judged: JudgedRows, label: number, weights: Uint32Array): Ranking {
  const { order, scores } = judged.rankings[label]!;
  let [positives, negatives, concordant, precisionSum] = [0, 0, 0, 0];
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let [hits, alarms] = [0, 0];
    for (; i < order.length && scores[order[i]!] === score; i++) {
      const row = order[i]!;
      if (judged.outcomes[row * judged.labels + label]! >= 2) hits += weights[row]!;
      else alarms += weights[row]!;
    }
    concordant += alarms * (positives + hits / 2);
    positives += hits;
    negatives += alarms;
    if (hits > 0) precisionSum += hits * (positives / (positives + negatives));
  }
  return {
    rocAuc: positives > 0 && negatives > 0 ? concordant / (positives * negatives) : null,
    averagePrecision: positives > 0 ? precisionSum / positives : null,
  };
}

function metricsOf(counts: Float64Array, at: number): DecisionMetrics {
  return decisionMetrics({
    trueNegatives: counts[at]!,
    falsePositives: counts[at + 1]!,
    falseNegatives: counts[at + 2]!,
    truePositives: counts[at + 3]!,
  });
}

function meanOfDefined(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value) / defined.length;
}
