// Probabilities of one label made to fit what is observed: a logistic regression on their logits (Platt, "Probabilistic
// Outputs for Support Vector Machines", 1999).

const steps = 50;
/** Probabilities nearer to 0 or 1 say no more than these. */
const edge = 1e-6;

/**
 * Probabilities with the same order that fit the truth best.
 *
 * @param probabilities of one label
 * @param truth as many, 0 or 1, both of them among them
 */
export function recalibrate(probabilities: Float32Array, truth: Float32Array): Float64Array {
  const logits = Float64Array.from(probabilities, (probability) => {
    const inside = Math.min(1 - edge, Math.max(edge, probability));
    return Math.log(inside / (1 - inside));
  });
  const x = standardized(logits);
  let line: Line = { slope: 0, intercept: 0 };
  let loss = lossOf(line, x, truth);
  for (let step = 0; step < steps; step++) {
    const newton = newtonStep(line, x, truth);
    let next = line;
    let nextLoss = loss;
    // A full step may go too far where classes hardly overlap.
    for (let share = 1; share > 1e-4; share /= 2) {
      next = {
        slope: line.slope + share * newton.slope,
        intercept: line.intercept + share * newton.intercept,
      };
      nextLoss = lossOf(next, x, truth);
      if (nextLoss < loss) break;
    }
    if (!(nextLoss < loss - 1e-9)) break;
    line = next;
    loss = nextLoss;
  }
  // A model that orders rows the wrong way round has nothing to say about them.
  const slope = Math.max(0, line.slope);
  return x.map((value) => sigmoid(slope * value + line.intercept));
}

interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** A little, so that a label whose answers do not overlap has a slope. */
const ridge = 1e-2;

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

function standardized(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  return values.map((value) => scale * (value - mean));
}

function lossOf({ slope, intercept }: Line, x: Float64Array, truth: Float32Array): number {
  let sum = (ridge / 2) * slope ** 2;
  for (let i = 0; i < x.length; i++) {
    const logit = slope * x[i]! + intercept;
    sum += Math.max(logit, 0) - logit * truth[i]! + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return sum;
}

function newtonStep({ slope, intercept }: Line, x: Float64Array, truth: Float32Array): Line {
  let [bySlope, byIntercept] = [-ridge * slope, 0];
  let [slopes, mixed, intercepts] = [ridge, 0, 1e-9];
  for (let i = 0; i < x.length; i++) {
    const probability = sigmoid(slope * x[i]! + intercept);
    const weight = probability * (1 - probability);
    bySlope += (truth[i]! - probability) * x[i]!;
    byIntercept += truth[i]! - probability;
    slopes += weight * x[i]! ** 2;
    mixed += weight * x[i]!;
    intercepts += weight;
  }
  const determinant = slopes * intercepts - mixed ** 2;
  return {
    slope: (intercepts * bySlope - mixed * byIntercept) / determinant,
    intercept: (slopes * byIntercept - mixed * bySlope) / determinant,
  };
}
