// Temperatures and thresholds in tagformer.json, by label name.

import { invalidModel, messageOf, type TagformerError } from "../base/errors.js";
import type { StoredKeys } from "../data/text-keys.js";
import { type Hierarchy, hierarchyOf, type Parents, parentsOf } from "../evaluation/hierarchy.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Decision, Tuning } from "../evaluation/tuning.js";
import { isJsonObject, type JsonObject } from "./json-file.js";

/**
 * The decision that a tagformer.json holds: temperatures of 1 and thresholds of 0.5 where it says nothing.
 *
 * @param file named in errors
 * @throws TagformerError `INVALID_MODEL` when a label is missing or unknown, or a number is out of range
 */
export function readDecision(tagformer: JsonObject | null, names: readonly string[], file: string): Decision {
  return {
    temperatures: numbersOf(tagformer?.temperatures, names, 1, {
      field: `${file}: temperatures`,
      fits: (value) => value > 0,
      expected: "a number above 0",
    }),
    thresholds: numbersOf(tagformer?.thresholds, names, 0.5, {
      field: `${file}: thresholds`,
      fits: (value) => value >= 0 && value <= 1,
      expected: "a number from 0 to 1",
    }),
    parents: readParents(tagformer?.hierarchy, names, file),
  };
}

/** The fields of tagformer.json that {@link readDecision} reads; `undefined` takes one away. */
export function decisionFields(
  { temperatures, thresholds, parents }: Decision,
  names: readonly string[],
): JsonObject {
  const byName = (values: readonly number[]) => Object.fromEntries(names.map((name, i) => [name, values[i]]));
  return {
    temperatures: byName(temperatures),
    thresholds: byName(thresholds),
    hierarchy: parents && hierarchyOf(parents, names),
  };
}

function readParents(hierarchy: unknown, names: readonly string[], file: string): Parents | undefined {
  if (hierarchy === undefined) return undefined;
  const isByName =
    isJsonObject(hierarchy) && Object.values(hierarchy).every((name) => typeof name === "string");
  if (!isByName) throw invalid(`${file}: hierarchy`, "is no object with the label above each label");
  try {
    return parentsOf(hierarchy as Hierarchy, names);
  } catch (error) {
    throw invalid(`${file}: hierarchy`, `is wrong (${messageOf(error)})`);
  }
}

/** A tuning, and the rows it was made on. */
interface TunedOn {
  readonly tuning: Tuning;
  readonly source: string;
  readonly onValidation: boolean;
  readonly texts: StoredKeys | null;
}

/**
 * {@link decisionFields} of a tuning, with what led to it.
 *
 * @param test what the tuned model does on the run's test rows; `null` where it had none
 */
export function tuningFields(
  { tuning, source, onValidation, texts }: TunedOn,
  names: readonly string[],
  test: TestFigures | null,
): JsonObject {
  const { options, untuned, tuned, crossFitted } = tuning;
  const figures = ({ micro, macro, subsetAccuracy, loss }: Evaluation) => ({
    microF1: micro.f1,
    macroF1: macro.f1,
    subsetAccuracy,
    loss,
  });
  return {
    ...decisionFields(tuning, names),
    tuning: {
      data: source,
      rows: tuned.rows,
      onValidation,
      options,
      untuned: figures(untuned),
      tuned: figures(tuned),
      crossFitted: crossFitted && figures(crossFitted),
      ...(test && { test }),
      ...(texts && { texts }),
    },
  };
}

interface Field {
  readonly field: string;
  readonly fits: (value: number) => boolean;
  readonly expected: string;
}

function numbersOf(
  values: unknown,
  names: readonly string[],
  fallback: number,
  { field, fits, expected }: Field,
): number[] {
  if (values === undefined) return names.map(() => fallback);
  if (!isJsonObject(values)) throw invalid(field, "is no object with a number for each label");
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw invalid(field, `has ${JSON.stringify(unknown)}, which is no label of the model`);
  return names.map((name) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (typeof value === "number" && Number.isFinite(value) && fits(value)) return value;
    const found = value === undefined ? "has nothing" : `has ${JSON.stringify(value)}`;
    throw invalid(field, `${found} for the label ${JSON.stringify(name)}; expected ${expected}`);
  });
}

function invalid(field: string, problem: string): TagformerError {
  return invalidModel(`${field} ${problem}; tune again with \`tagformer thresholds\``);
}
