// The minimum of several smooth functions side by side, by L-BFGS (Liu and Nocedal, Mathematical Programming 45, 1989).

/** Pairs of steps and changes of the gradient by which the curvature is known. */
const memory = 6;
/** A step must gain this share of what the slope promises (Armijo). */
const leastGain = 1e-4;
const mostHalvings = 20;

/**
 * Functions of as many variables each, which have nothing to do with each other; variables and gradients lie side by side,
 * `[variables * functions]`, so that one pass over the data serves them all.
 */
export interface Functions {
  readonly variables: number;
  readonly functions: number;
  /** About the largest curvature of each function, `[functions]`: 1 / curvature is the first step along the gradient. */
  readonly curvatures: Float64Array;
  /** Writes the gradients at `points`, and returns the values, `[functions]`. */
  evaluate(points: Float32Array, gradients: Float32Array): Float64Array;
}

/** When a search ends. */
export interface Limits {
  /** The share of its first length to which each gradient must come down. */
  readonly tolerance: number;
  readonly iterations: number;
}

/** A step and what it did to the gradients, and 1 / (step * change) of each function; 0 where that tells nothing. */
interface Pair {
  readonly step: Float32Array;
  readonly change: Float32Array;
  readonly weights: Float64Array;
}

/**
 * Moves `points`, `[variables * functions]`, to the minimum of each function.
 *
 * Sums are made in a fixed order, so that the result is the same on every machine whose numbers are IEEE's.
 */
export function minimise(
  functions: Functions,
  points: Float32Array,
  { tolerance, iterations }: Limits,
): void {
  const width = functions.functions;
  let gradients: Float32Array = new Float32Array(points.length);
  let values = functions.evaluate(points, gradients);
  const goals = dots(gradients, gradients, width).map((square) => tolerance ** 2 * square);
  const pairs: Pair[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const isDone = dots(gradients, gradients, width).map((square, i) => Number(square <= goals[i]!));
    if (isDone.every(Boolean)) return;
    const directions = descent(gradients, pairs, functions.curvatures, isDone);
    const found = searchLine(functions, { points, gradients, values, directions });
    if (found === null) return; // single precision has no better points
    pairs.push(pairOf(points, found.points, gradients, found.gradients, width));
    if (pairs.length > memory) pairs.shift();
    points.set(found.points);
    ({ gradients, values } = found);
  }
}

/** The two-loop recursion: the gradients divided by what is known of the curvature, and turned downhill. */
function descent(
  gradients: Float32Array,
  pairs: readonly Pair[],
  curvatures: Float64Array,
  isDone: Float64Array,
): Float32Array {
  const width = curvatures.length;
  const direction = gradients.map((slope) => -slope);
  const shares = pairs.map(() => new Float64Array(width));
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { step, change, weights } = pairs[i]!;
    const along = dots(step, direction, width);
    shares[i] = along.map((dot, j) => weights[j]! * dot);
    addScaled(direction, change, shares[i]!, -1);
  }
  scale(direction, scalesOf(pairs.at(-1), curvatures));
  for (const [i, { step, change, weights }] of pairs.entries()) {
    const along = dots(change, direction, width);
    const share = along.map((dot, j) => shares[i]![j]! - weights[j]! * dot);
    addScaled(direction, step, share, 1);
  }
  scale(
    direction,
    isDone.map((done) => 1 - done),
  );
  return direction;
}

/** The inverse of the curvature along the last step. */
function scalesOf(last: Pair | undefined, curvatures: Float64Array): Float64Array {
  if (last === undefined) return curvatures.map((curvature) => 1 / curvature);
  const changes = dots(last.change, last.change, curvatures.length);
  return last.weights.map((weight, i) => 1 / (weight > 0 ? weight * changes[i]! : curvatures[i]!));
}

/** Where a search along lines begins. */
interface Start {
  readonly points: Float32Array;
  readonly gradients: Float32Array;
  readonly values: Float64Array;
  readonly directions: Float32Array;
}

/** Halves the step of each function until it gains enough; `null` when none can. */
function searchLine(
  functions: Functions,
  { points, gradients, values, directions }: Start,
): Pick<Start, "points" | "gradients" | "values"> | null {
  const width = functions.functions;
  const slopes = dots(gradients, directions, width);
  const steps = slopes.map((slope) => Number(slope < 0));
  const found = new Float32Array(points.length);
  const foundGradients = new Float32Array(points.length);
  for (let halvings = 0; halvings <= mostHalvings; halvings++) {
    found.set(points);
    addScaled(found, directions, steps, 1);
    const foundValues = functions.evaluate(found, foundGradients);
    const isShort = foundValues.map((value, i) =>
      Number(steps[i]! > 0 && !(value <= values[i]! + leastGain * steps[i]! * slopes[i]!)),
    );
    if (!isShort.some(Boolean)) {
      if (!steps.some(Boolean)) return null;
      return { points: found, gradients: foundGradients, values: foundValues };
    }
    for (let i = 0; i < width; i++) {
      if (isShort[i]) steps[i] = halvings + 1 >= mostHalvings ? 0 : steps[i]! / 2;
    }
  }
  return null;
}

function pairOf(
  points: Float32Array,
  nextPoints: Float32Array,
  gradients: Float32Array,
  nextGradients: Float32Array,
  width: number,
): Pair {
  const step = nextPoints.map((value, i) => value - points[i]!);
  const change = nextGradients.map((value, i) => value - gradients[i]!);
  const weights = dots(step, change, width).map((dot) => (dot > 0 ? 1 / dot : 0));
  return { step, change, weights };
}

/** The scalar product of each function's columns, `[width]`. */
function dots(one: Float32Array, other: Float32Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let i = 0; i < one.length; i += width) {
    for (let j = 0; j < width; j++) sums[j]! += one[i + j]! * other[i + j]!;
  }
  return sums;
}

/** Adds `sign * scales[column]` times the columns of `values` to those of `target`. */
function addScaled(target: Float32Array, values: Float32Array, scales: Float64Array, sign: number): void {
  const width = scales.length;
  for (let i = 0; i < target.length; i += width) {
    for (let j = 0; j < width; j++) target[i + j]! += sign * scales[j]! * values[i + j]!;
  }
}

function scale(values: Float32Array, scales: Float64Array): void {
  const width = scales.length;
  for (let i = 0; i < values.length; i += width) {
    for (let j = 0; j < width; j++) values[i + j]! *= scales[j]!;
  }
}
