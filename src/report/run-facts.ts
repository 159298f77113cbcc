// What the report of a run is made from: facts that travel to another thread, and what they become there.
import { type Dataset, placeOf } from "../data/dataset.js";
import { inspectRows } from "../data/inspection.js";
import { evaluationDetails } from "../evaluation/details.js";
import { surestExamples } from "../evaluation/examples.js";
import { worstMistakes } from "../evaluation/mistakes.js";
import { inspectionSections } from "./inspection-page.js";
import type { RunReport } from "./training-page.js";

/** Rows of the table of mistakes. */
const shownMistakes = 20;
/** Rows of the table of right decisions. */
const shownExamples = 10;

/** What is known about a run: plain values and arrays. */
export interface RunFacts extends Omit<RunReport, "data" | "steps" | "validation" | "dataSections"> {
  /** One entry for each step, in arrays: a run may have made a million. */
  readonly steps: {
    readonly step: Int32Array;
    readonly loss: Float64Array;
    readonly learningRate: Float64Array;
  };
  /** What the kept model says about the validation rows; absent when there are none. */
  readonly validation?: {
    /** `[rows * labels]` */
    readonly logits: Float32Array;
    /** `[rows * labels]` */
    readonly labels: Float32Array;
    /** The row of the validation dataset that each row is. */
    readonly origin: Int32Array;
  };
}

/** The datasets of a run; the same one twice when the validation rows were held back from it. */
export interface RunTables {
  readonly training: Dataset;
  readonly validation: Dataset;
}

/** Everything that the page shows. */
export async function describeRun(facts: RunFacts, { training, validation }: RunTables): Promise<RunReport> {
  const { step, loss, learningRate } = facts.steps;
  return {
    ...facts,
    data: training.source,
    steps: Array.from(step, (number, i) => ({
      step: number,
      loss: loss[i]!,
      learningRate: learningRate[i]!,
    })),
    validation: facts.validation && describeValidation(facts.validation, validation),
    dataSections: await inspectionSections(inspectRows(training, null)),
  };
}

function describeValidation(
  { logits, labels, origin }: NonNullable<RunFacts["validation"]>,
  dataset: Dataset,
): RunReport["validation"] {
  const { labelNames, texts } = dataset;
  const shown = (found: number) => {
    const row = origin[found]!;
    return { row, place: placeOf(dataset, row), text: texts.at(row) ?? "" };
  };
  const mistakes = worstMistakes({ logits }, labels, labelNames, shownMistakes);
  const examples = surestExamples({ logits }, labels, labelNames, shownExamples);
  return {
    details: evaluationDetails({ logits }, labels, labelNames),
    mistakes: mistakes.map((mistake) => ({ ...mistake, ...shown(mistake.row) })),
    examples: examples.map((example) => ({ ...example, ...shown(example.row) })),
  };
}
