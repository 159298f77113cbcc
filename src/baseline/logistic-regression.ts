// A logistic regression for each label over the features of a table.
import type { FeatureRows } from "./features.js";
import { type Functions, type Limits, minimise } from "./minimise.js";

/** Labels that are fitted side by side: what a pass over the features reads, it reads once for all of them. */
const sideBySide = 8;

/** Probabilities are within 0.005 of the optimum's on average then, which takes twenty or thirty iterations. */
const limits: Limits = { tolerance: 1e-2, iterations: 200 };

/** What is to be told of each row. */
export interface Targets {
  /** `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled. */
  readonly labels: Float32Array;
  readonly width: number;
  /** The weight of each row in the loss; absent: all 1. */
  readonly weights?: Float32Array | undefined;
}

/** What each feature adds to the logit of each label. */
export interface LogisticRegression {
  /** `[terms * labels]` */
  readonly termWeights: Float32Array;
  /** `[grams * labels]` */
  readonly gramWeights: Float32Array;
  /** The logit of a text without any feature, `[labels]`. */
  readonly bias: Float32Array;
}

/**
 * Fits all labels: the least sum of cross-entropy times `inversePenalty` and half the squared weights, where the bias is free.
 * That is scikit-learn's `LogisticRegression(C=inversePenalty)` of one label after the other, over the rows in which it is
 * labelled.
 */
export function fitLogisticRegression(
  rows: FeatureRows,
  targets: Targets,
  inversePenalty: number,
): LogisticRegression {
  const { width } = targets;
  const [terms, grams] = [rows.termRows.columns, rows.gramsOfChunks.columns];
  const termWeights = new Float32Array(terms * width);
  const gramWeights = new Float32Array(grams * width);
  const bias = new Float32Array(width);
  for (let first = 0; first < width; first += sideBySide) {
    const block = new LabelBlock(rows, targets, inversePenalty, first, Math.min(sideBySide, width - first));
    const points = block.start();
    minimise(block, points, limits);
    const place = (to: Float32Array, from: number, features: number) => {
      for (let feature = 0; feature < features; feature++) {
        const values = points.subarray(
          (from + feature) * block.functions,
          (from + feature + 1) * block.functions,
        );
        to.set(values, feature * width + first);
      }
    };
    place(termWeights, 0, terms);
    place(gramWeights, terms, grams);
    place(bias, terms + grams, 1);
  }
  return { termWeights, gramWeights, bias };
}

/** The objective of some labels, a function each, divided by their rows' weights: variables are terms, grams and the bias. */
class LabelBlock implements Functions {
  readonly functions: number;
  readonly variables: number;
  readonly curvatures: Float64Array;
  readonly #rows: FeatureRows;
  readonly #inversePenalty: number;
  /** `[rows * functions]` */
  readonly #targets: Float32Array;
  /** The weight of each row in the loss of each label, 0 where it is not labelled, `[rows * functions]`. */
  readonly #weights: Float32Array;
  /** Sums of the weights, and of the weighted targets, `[functions]`. */
  readonly #totals: Float64Array;
  readonly #positives: Float64Array;
  readonly #logits: Float32Array;
  readonly #chunkValues: Float32Array;

  constructor(
    rows: FeatureRows,
    { labels, width, weights }: Targets,
    inversePenalty: number,
    first: number,
    count: number,
  ) {
    this.functions = count;
    this.variables = rows.termRows.columns + rows.gramsOfChunks.columns + 1;
    this.#rows = rows;
    this.#inversePenalty = inversePenalty;
    const size = rows.termRows.rows * count;
    this.#targets = new Float32Array(size);
    this.#weights = new Float32Array(size);
    this.#totals = new Float64Array(count);
    this.#positives = new Float64Array(count);
    for (let i = 0; i < size; i++) {
      const row = Math.floor(i / count);
      const label = labels[row * width + first + (i % count)]!;
      if (Number.isNaN(label)) continue;
      const weight = weights?.[row] ?? 1;
      this.#targets[i] = label;
      this.#weights[i] = weight;
      this.#totals[i % count]! += weight;
      this.#positives[i % count]! += weight * label;
    }
    // Rows have a length of 2, halves of it in terms and grams, and 1 more for the bias.
    this.curvatures = this.#totals.map((total, j) => {
      const share = (this.#positives[j]! + 1) / (total + 2);
      return 3 * share * (1 - share) + this.#penaltyOf(total);
    });
    this.#logits = new Float32Array(size);
    this.#chunkValues = new Float32Array(rows.gramsOfChunks.rows * count);
  }

  /** No weights, and the log-odds of each label as its bias. */
  start(): Float32Array {
    const points = new Float32Array(this.variables * this.functions);
    for (let j = 0; j < this.functions; j++) {
      const [total, positives] = [this.#totals[j]!, this.#positives[j]!];
      points[points.length - this.functions + j] = Math.log((positives + 0.5) / (total - positives + 0.5));
    }
    return points;
  }

  evaluate(points: Float32Array, gradients: Float32Array): Float64Array {
    this.#computeLogits(points);
    const values = this.#lossAndSlopes();
    this.#collectGradients(gradients);
    this.#addPenalty(points, gradients, values);
    return values;
  }

  #computeLogits(points: Float32Array): void {
    const { termRows, chunkRows, gramsOfChunks } = this.#rows;
    const width = this.functions;
    const bias = points.subarray(points.length - width);
    for (let i = 0; i < this.#logits.length; i += width) this.#logits.set(bias, i);
    termRows.addProduct(points, width, this.#logits);
    this.#chunkValues.fill(0);
    gramsOfChunks.addProduct(points.subarray(termRows.columns * width), width, this.#chunkValues);
    chunkRows.addProduct(this.#chunkValues, width, this.#logits);
  }

  /** The mean losses; in place of the logits, their slopes. A label that is always or never set has its bias alone. */
  #lossAndSlopes(): Float64Array {
    const width = this.functions;
    const values = new Float64Array(width);
    for (let i = 0; i < this.#logits.length; i++) {
      const j = i % width;
      const [logit, target, total, positives] = [
        this.#logits[i]!,
        this.#targets[i]!,
        this.#totals[j]!,
        this.#positives[j]!,
      ];
      const weight = positives > 0 && positives < total ? this.#weights[i]! / total : 0;
      const small = Math.exp(-Math.abs(logit));
      values[j]! += weight * (Math.max(logit, 0) - logit * target + Math.log1p(small));
      this.#logits[i] = weight * ((logit < 0 ? small : 1) / (1 + small) - target);
    }
    return values;
  }

  #collectGradients(gradients: Float32Array): void {
    const { termRows, chunkRows, gramsOfChunks } = this.#rows;
    const width = this.functions;
    const slopes = this.#logits;
    gradients.fill(0);
    termRows.addTransposedProduct(slopes, width, gradients);
    this.#chunkValues.fill(0);
    chunkRows.addTransposedProduct(slopes, width, this.#chunkValues);
    gramsOfChunks.addTransposedProduct(
      this.#chunkValues,
      width,
      gradients.subarray(termRows.columns * width),
    );
    const sums = new Float64Array(width);
    for (let i = 0; i < slopes.length; i++) sums[i % width]! += slopes[i]!;
    gradients.set(sums, gradients.length - width);
  }

  #addPenalty(points: Float32Array, gradients: Float32Array, values: Float64Array): void {
    const width = this.functions;
    const penalties = this.#totals.map((total) => this.#penaltyOf(total));
    for (let i = 0; i < points.length - width; i++) {
      const j = i % width;
      values[j]! += (penalties[j]! / 2) * points[i]! ** 2;
      gradients[i]! += penalties[j]! * points[i]!;
    }
  }

  #penaltyOf(total: number): number {
    return 1 / (this.#inversePenalty * Math.max(total, 1));
  }
}
