import { columnOf } from "./cuts.js";
import { type Mistake, mistakeAt } from "./mistakes.js";
import { checkedRows, probabilitiesOf, type Scores, truthOf } from "./scores.js";

/**
 * Labels that are probably wrong in the data, the most suspicious first: confident learning (Northcutt, Jiang and Chuang,
 * "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021), each label as a task of its own as in
 * Thyagarajan et al., "Identifying Incorrect Annotations in Multi-Label Classification Data" (2022).
 *
 * The model is confident of an answer, yes or no, when it gives it at least its mean probability over the rows that are
 * labelled so. A label is suspected when the model is confident of the other answer, and not of the given one or less so: an
 * element off the diagonal of the confident joint. Suspects are ranked by the probability of the answer given.
 *
 * The rows must not be those that the model was trained on, or it repeats what it was told. Labels with only one answer in
 * the data are left out.
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
): Mistake[] {
  checkedRows(scores, labels, labelNames);
  const width = labelNames.length;
  const probabilities = probabilitiesOf(scores);
  const truth = truthOf(labels);
  const suspects = labelNames.flatMap((_, label) =>
    suspectRows(columnOf(probabilities, label, width), columnOf(truth, label, width)).map(
      (row) => row * width + label,
    ),
  );
  const givenAnswer = (i: number) => (truth[i] === 1 ? probabilities[i]! : 1 - probabilities[i]!);
  suspects.sort((a, b) => givenAnswer(a) - givenAnswer(b) || a - b);
  return suspects.slice(0, count).map((i) => mistakeAt(i, probabilities[i]!, labels, labelNames));
}

/** Rows of one label in which the model is confident of the other answer. */
function suspectRows(probabilities: Float32Array, truth: Float32Array): number[] {
  const meanWhere = (answer: number) => {
    const those = probabilities.filter((_, row) => truth[row] === answer);
    return those.reduce((sum, probability) => sum + probability, 0) / those.length; // NaN without any
  };
  const [ofYes, ofNo] = [meanWhere(1), 1 - meanWhere(0)];
  if (Number.isNaN(ofYes) || Number.isNaN(ofNo)) return [];
  return [...truth.keys()].filter((row) => {
    if (Number.isNaN(truth[row]!)) return false;
    const yes = probabilities[row]!;
    const no = 1 - yes;
    const confident = { yes: yes >= ofYes, no: no >= ofNo };
    return truth[row] === 1
      ? confident.no && !(confident.yes && yes >= no)
      : confident.yes && !(confident.no && no >= yes);
  });
}
