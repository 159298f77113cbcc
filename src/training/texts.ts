// Which texts a run uses for what: whether some stand on both sides, and what tagformer.json remembers of them.
import type { Dataset } from "../data/dataset.js";
import { KeySet, textKeys } from "../data/text-keys.js";
import type { JsonObject } from "../model/json-file.js";

/** Rows of a dataset. */
interface Part {
  readonly dataset: Dataset;
  readonly origin: Int32Array;
}

/** The parts of a run. */
interface Parts {
  readonly training: Part;
  readonly validation: Part | undefined;
  readonly test: Part | undefined;
}

/** The texts of a run's parts, as keys. */
export interface RunTexts {
  readonly training: KeySet;
  readonly validation: KeySet | undefined;
  readonly test: KeySet | undefined;
  /** Rows of the other parts whose text, but for case, blanks and punctuation, is trained on. */
  readonly trainedOn: { readonly validation: number; readonly test: number };
}

/** Goes through the texts of all parts. */
export async function findTexts({ training, validation, test }: Parts): Promise<RunTexts> {
  const known = new Map<Dataset, Float64Array>();
  const keysOf = async ({ dataset, origin }: Part) => {
    const keys = known.get(dataset) ?? (await textKeys(dataset.texts));
    known.set(dataset, keys);
    return Float64Array.from(origin, (row) => keys[row]!);
  };
  const trained = KeySet.of(await keysOf(training));
  const [held, judging] = [validation && (await keysOf(validation)), test && (await keysOf(test))];
  const shared = (keys: Float64Array | undefined) => (keys ? trained.count(keys).rows : 0);
  return {
    training: trained,
    validation: held && KeySet.of(held),
    test: judging && KeySet.of(judging),
    trainedOn: { validation: shared(held), test: shared(judging) },
  };
}

/** The field of tagformer.json by which an evaluation tells whether it judges texts that the model has seen. */
export function storedTexts({ training, validation, test }: RunTexts): JsonObject {
  return {
    training: training.stored(),
    ...(validation && { validation: validation.stored() }),
    ...(test && { test: test.stored() }),
  };
}

/** Positives of a label below which its figures on the test rows say little. */
const fewPositives = 10;
const shownLabels = 5;

/** A sentence when the test rows have too few positives of some labels. */
export function fewTestRows({ dataset, origin }: Part, training: Part): string[] {
  const { labelNames, labels } = dataset;
  const positives = labelNames.map((_, label) =>
    origin.reduce((sum, row) => sum + Number(labels[row * labelNames.length + label]! > 0.5), 0),
  );
  const few = labelNames.flatMap((name, i) =>
    positives[i]! < fewPositives ? [`${name} ${positives[i]}`] : [],
  );
  if (few.length === 0) return [];
  const named = few.slice(0, shownLabels).join(", ") + (few.length > shownLabels ? ", ..." : "");
  return [
    `warning: ${few.length} of ${labelNames.length} labels ${few.length === 1 ? "has" : "have"} fewer than ${fewPositives} positives among the ${origin.length} test rows (${named}), and figures on so few say little${dataset === training.dataset ? "; folds judge by every row (tagformer split --folds)" : ""}`,
  ];
}

/** A sentence for each part that shares texts with the training rows. */
export function textWarnings({ trainedOn }: RunTexts, { training, validation, test }: Parts): string[] {
  const warningsOf = (part: Part | undefined, name: string, shared: number): string[] => {
    if (part === undefined || shared === 0) return [];
    const cure =
      part.dataset === training.dataset
        ? "--split-by-text keeps such rows in one part"
        : `leave them out of ${part.dataset.source}`;
    return [
      `warning: ${shared} of the ${part.origin.length} ${name} rows have a text that is trained on as well (but for case, blanks and punctuation), and figures on these rows are too good; ${cure}`,
    ];
  };
  return [
    ...warningsOf(validation, "validation", trainedOn.validation),
    ...warningsOf(test, "test", trainedOn.test),
  ];
}
