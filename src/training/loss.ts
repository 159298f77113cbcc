// From the options of a loss to the numbers of its formula.

import { invalidOption } from "../base/errors.js";
import { didYouMean } from "../base/suggestion.js";
import type { Dataset } from "../data/dataset.js";
import type { NativeLoss } from "../native/types.js";
import type { ResolvedTrainingOptions } from "../options/training.js";

/**
 * The loss that the options ask for.
 *
 * @param rows the rows to train on: weights that follow from counts are counted there
 * @throws TagformerError `INVALID_OPTION` when a weight is given for a label that there is not
 */
export function lossOf(options: ResolvedTrainingOptions, dataset: Dataset, rows: Int32Array): NativeLoss {
  const weights = positiveWeights(options.positiveWeight, dataset, rows);
  const positiveFactor = options.loss === "focal" ? options.focalAlpha : undefined;
  const scaled =
    positiveFactor === undefined
      ? weights
      : (weights ?? new Float32Array(dataset.labelNames.length).fill(1)).map(
          (weight) => weight * positiveFactor,
        );
  return {
    ...formulaOf(options),
    smoothing: options.labelSmoothing,
    rDrop: options.rDrop,
    ...(scaled && { positiveWeights: scaled }),
  };
}

/** What a training minimises, in words, such as `focal loss with label smoothing and weights of rows`. */
export function nameOfLoss(options: ResolvedTrainingOptions, { weights }: Dataset): string {
  const { positiveWeight, labelSmoothing } = options;
  const more = [
    ...(positiveWeight === "none" ? [] : ["weights of set labels"]),
    ...(labelSmoothing > 0 ? [`label smoothing ${labelSmoothing}`] : []),
    ...(options.rDrop > 0 ? ["R-Drop"] : []),
    ...(weights ? ["weights of rows"] : []),
  ];
  return more.length === 0
    ? lossNames[options.loss]
    : `${lossNames[options.loss]} with ${more.join(" and ")}`;
}

const lossNames = { bce: "cross-entropy", focal: "focal loss", asymmetric: "asymmetric loss" } as const;

type Formula = Pick<NativeLoss, "positiveFocus" | "negativeFocus" | "margin" | "negativeWeight">;

function formulaOf(options: ResolvedTrainingOptions): Formula {
  switch (options.loss) {
    case "bce":
      return { positiveFocus: 0, negativeFocus: 0, margin: 0, negativeWeight: 1 };
    case "focal": {
      const { focalGamma, focalAlpha } = options;
      const negativeWeight = focalAlpha === undefined ? 1 : 1 - focalAlpha;
      return { positiveFocus: focalGamma, negativeFocus: focalGamma, margin: 0, negativeWeight };
    }
    case "asymmetric":
      return {
        positiveFocus: options.asymmetricPositiveGamma,
        negativeFocus: options.asymmetricNegativeGamma,
        margin: options.asymmetricMargin,
        negativeWeight: 1,
      };
  }
}

/** `[labels]`, or `undefined` when all are 1. */
function positiveWeights(
  option: ResolvedTrainingOptions["positiveWeight"],
  dataset: Dataset,
  rows: Int32Array,
): Float32Array | undefined {
  const { labelNames } = dataset;
  if (option === "none") return undefined;
  if (typeof option === "number") return new Float32Array(labelNames.length).fill(option);
  if (option === "counts") return negativesPerPositive(dataset, rows);
  if (option === "rootCounts") return negativesPerPositive(dataset, rows).map(Math.sqrt);
  const unknown = Object.keys(option).find((name) => !labelNames.includes(name));
  if (unknown === undefined) return Float32Array.from(labelNames, (name) => option[name] ?? 1);
  throw invalidOption(
    `option positiveWeight names "${unknown}", which is no label${didYouMean(unknown, labelNames)}`,
  );
}

/** Negatives for each positive of a label, soft ones in parts; 1 for a label that is never set. */
function negativesPerPositive({ labels, labelNames }: Dataset, rows: Int32Array): Float32Array {
  const width = labelNames.length;
  return Float32Array.from(labelNames, (_, label) => {
    let positives = 0;
    let negatives = 0;
    for (const row of rows) {
      const value = labels[row * width + label]!;
      if (Number.isNaN(value)) continue;
      positives += value;
      negatives += 1 - value;
    }
    // At least some weight remains for a label that is always set.
    return positives === 0 ? 1 : Math.max(negatives, 1) / positives;
  });
}
