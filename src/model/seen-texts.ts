// Whether a model is judged on texts that it has seen: tagformer.json remembers them as keys.
import { count } from "../base/counted.js";
import type { Texts } from "../data/compressed-texts.js";
import { KeySet, type SharedRows, textKeys } from "../data/text-keys.js";
import { isJsonObject, type JsonObject } from "./json-file.js";

/**
 * How many of the evaluated texts a model has met before; equal texts may differ in case, blanks and punctuation. Figures on
 * such texts are too good.
 */
export interface SeenTexts {
  /** Texts that were looked up. */
  readonly texts: number;
  /** Of them, those that were trained on. */
  readonly trainedOn: number;
  /** Of them, validation texts of the training, by which the kept epoch is chosen. */
  readonly validatedOn: number;
  /** Of them, those that the thresholds in use were tuned on. */
  readonly tunedOn: number;
  /** `false` when the numbers are estimates: of more than 131,072 texts a sample is remembered. */
  readonly exact: boolean;
}

/** The texts that a tagformer.json remembers. */
export interface KnownTexts {
  readonly training: KeySet | null;
  readonly validation: KeySet | null;
  readonly tuning: KeySet | null;
}

export function knownTexts(tagformer: JsonObject | null): KnownTexts {
  const texts = isJsonObject(tagformer?.texts) ? tagformer.texts : {};
  const tuning = isJsonObject(tagformer?.tuning) ? tagformer.tuning : {};
  return {
    training: KeySet.fromStored(texts.training),
    validation: KeySet.fromStored(texts.validation),
    tuning: KeySet.fromStored(tuning.texts),
  };
}

/** Looks texts up; `null` when the model remembers none, because tagformer did not train it. */
export async function countSeen(
  { training, validation, tuning }: KnownTexts,
  texts: Texts,
): Promise<SeenTexts | null> {
  if (!training && !tuning) return null;
  const keys = await textKeys(texts);
  const none: SharedRows = { rows: 0, exact: true };
  const [trained, validated, tuned] = [training, validation, tuning].map((set) => set?.count(keys) ?? none);
  return {
    texts: texts.length,
    trainedOn: trained!.rows,
    validatedOn: validated!.rows,
    tunedOn: tuned!.rows,
    exact: [trained, validated, tuned].every((shared) => shared!.exact),
  };
}

/**
 * A sentence for each choice that a run made by its validation rows, to be read beside figures on these rows.
 *
 * @param tagformer of the run's model
 */
export function describeChoices(tagformer: JsonObject | null): string[] {
  const { validation, tuning } = knownTexts(tagformer);
  const tunedOn = validation && tuning ? tuning.countOf(validation) : { rows: 0, exact: true };
  const rows = tunedOn.rows === validation?.size ? "these very rows" : `${tunedOn.rows} texts of these rows`;
  return [
    ...(tunedOn.rows > 0
      ? [
          `warning: its thresholds were tuned on ${rows}: its figures are too good; compare on others, with --data`,
        ]
      : []),
    ...(choseEpoch(tagformer)
      ? ["warning: its epoch was chosen on these very rows: its figures are somewhat too good"]
      : []),
  ];
}

function choseEpoch(tagformer: JsonObject | null): boolean {
  const { history, options } = tagformer ?? {};
  if (!Array.isArray(history) || history.length < 2 || !isJsonObject(options)) return false;
  return options.keep !== "last" || Number(options.patience) > 0;
}

/** A sentence for each way in which texts were seen, to be read beside figures on them; none when none was. */
export function describeSeen(seen: SeenTexts | null): string[] {
  if (seen === null) return [];
  const { texts, trainedOn, validatedOn, tunedOn, exact } = seen;
  const part = (rows: number) => {
    const all = count(texts);
    if (rows === texts) return texts === 1 ? "this text" : `all ${all} of these texts`;
    return `${exact ? "" : "about "}${count(rows)} of these ${all} texts`;
  };
  return [
    ...(trainedOn > 0
      ? [`warning: the model was trained on ${part(trainedOn)}: figures on them are too good`]
      : []),
    ...(tunedOn > 0
      ? [
          `warning: the thresholds were tuned on ${part(tunedOn)}: figures on them are too good; cross-fitted ones are in the model card`,
        ]
      : []),
    ...(validatedOn > 0
      ? [
          `warning: the training chose among its epochs by ${part(validatedOn)}: figures on them are somewhat too good`,
        ]
      : []),
  ];
}
