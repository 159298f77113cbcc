// What a training minimises, on rows that it does not train on.
import type { NativeLoss } from "../native/types.js";

/** The loss of a training, and the weights of the rows that it is computed for. */
export interface Objective {
  readonly loss: NativeLoss;
  /** `[rows]`; absent: all 1. */
  readonly rowWeights?: Float32Array | undefined;
}

/** Bases of powers begin here, as in training: see `focus` in native/training/loss.cc. */
const leastBase = 1e-8;

/**
 * The mean loss over the labelled elements by the training's own formula (native/training/loss.h), in double precision.
 *
 * @param logits `[rows * width]`
 * @param labels `[rows * width]`: 0, 1 or a soft value between; NaN is left out
 * @returns `null` when nothing is labelled
 */
export function objectiveLoss(
  logits: Float32Array,
  labels: Float32Array,
  width: number,
  { loss, rowWeights }: Objective,
): number | null {
  const { smoothing, negativeWeight, positiveWeights } = loss;
  let sum = 0;
  let labelled = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (Number.isNaN(label)) continue;
    const target = label * (1 - smoothing) + smoothing / 2;
    const column = i % width;
    const positive = target === 0 ? 0 : target * positiveTerm(logits[i]!, loss);
    const negative = target === 1 ? 0 : (1 - target) * negativeTerm(logits[i]!, loss);
    const element = positive * (positiveWeights?.[column] ?? 1) + negative * negativeWeight;
    sum += element * (rowWeights?.[(i - column) / width] ?? 1);
    labelled++;
  }
  return labelled === 0 ? null : sum / labelled;
}

/** Whether a loss is cross-entropy without any weight or smoothing: then it is the loss of an evaluation. */
export function isPlainCrossEntropy({ loss, rowWeights }: Objective): boolean {
  const {
    positiveFocus,
    negativeFocus,
    margin,
    negativeWeight,
    smoothing,
    positiveWeights,
    rDrop = 0,
  } = loss;
  const isOne = (weight: number) => weight === 1;
  return (
    positiveFocus === 0 &&
    negativeFocus === 0 &&
    margin === 0 &&
    negativeWeight === 1 &&
    smoothing === 0 &&
    rDrop === 0 &&
    (positiveWeights ?? new Float32Array()).every(isOne) &&
    (rowWeights ?? new Float32Array()).every(isOne)
  );
}

function positiveTerm(logit: number, { positiveFocus }: NativeLoss): number {
  const loss = softplus(-logit);
  return positiveFocus === 0 ? loss : loss * power(sigmoid(-logit), positiveFocus);
}

function negativeTerm(logit: number, { negativeFocus, margin }: NativeLoss): number {
  const q = Math.max(sigmoid(logit) - margin, 0);
  const loss = margin === 0 ? softplus(logit) : -Math.log1p(-q);
  return negativeFocus === 0 ? loss : loss * power(q, negativeFocus);
}

function power(base: number, exponent: number): number {
  return Math.max(base, leastBase) ** exponent;
}

/** ln(1 + e^x), without an exponential that overflows. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
