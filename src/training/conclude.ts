// The end of a run whose model is kept: thresholds are learnt and stored, and a bag of words is judged beside the model.
import { join } from "node:path";
import type { Tuning } from "../evaluation/tuning.js";
import { baselineDirectory } from "../model/file-names.js";
import type { JsonObject } from "../model/json-file.js";
import type { DirectoryLock } from "../model/lock.js";
import { updateRecord } from "../model/save.js";
import { weightsVersion } from "../model/version.js";
import type { ResolvedTrainingOptions } from "../options/training.js";
import type { BaselineFigures } from "../report/baseline-words.js";
import { cardWithBaseline } from "../report/card-baseline.js";
import { tunedDecision } from "../report/decision-record.js";
import { type RunBaseline, saveBaseline } from "./baseline.js";
import { compareWithBaseline, tuneOnValidation } from "./judgement.js";
import type { PreparedRun } from "./prepare.js";
import type { EpochPredictions } from "./state.js";

/** A run that is over, and its output directory, whose lock it has. */
interface OverRun {
  readonly prepared: PreparedRun;
  readonly options: ResolvedTrainingOptions;
  readonly output: string;
  readonly lock: DirectoryLock;
  /** What the kept model said of the rows held back. */
  readonly kept: EpochPredictions;
  /** The bag of words, or why there is none; `null` where none was wanted. */
  readonly baseline: RunBaseline | string | null;
}

/** What was found at the end. */
export interface Conclusion {
  /** Stored with the model; `null` where no thresholds were wanted, or there are no rows for it. */
  readonly tuning: Tuning | null;
  readonly baseline: BaselineFigures | null;
  readonly notes: readonly string[];
}

/** A run that has nothing to conclude. */
export const noConclusion: Conclusion = { tuning: null, baseline: null, notes: [] };

/** Decides and compares, and writes what was found beside the model and into its card. */
export async function concludeRun(run: OverRun): Promise<Conclusion> {
  const { prepared, options, output, kept } = run;
  const { validation, test, texts } = prepared;
  const rows = { validation, test };
  const keys = texts.validation?.stored() ?? null;
  const { hierarchy } = options;
  const learn = (logits: Float32Array | undefined) => tuneOnValidation(rows, logits, keys, hierarchy, {});
  const tuned = options.thresholds ? await learn(kept.validationLogits) : null;
  const fitted = typeof run.baseline === "string" ? null : run.baseline;
  const baseline = fitted && (await judgeBaseline(run, fitted, learn, tuned?.tuning ?? null));
  const { labelNames } = prepared.training.dataset;
  const change = tuned && (await tunedDecision(tuned, labelNames, output));
  const fields: JsonObject = {
    ...(hierarchy && { hierarchy }),
    ...change?.fields,
    ...(baseline && { baseline: storedFigures(baseline) }),
  };
  await updateRecord(output, {
    tagformer: fields,
    card: (card) => {
      const withTuning = change?.changeCard(card) ?? card;
      return baseline ? cardWithBaseline(withTuning, baseline) : withTuning;
    },
    weights: await weightsVersion(output),
    lock: run.lock,
  });
  return {
    tuning: tuned?.tuning ?? null,
    baseline,
    notes: typeof run.baseline === "string" ? [run.baseline] : [],
  };
}

/** Tunes the bag of words as the model was tuned, saves it, and compares. */
async function judgeBaseline(
  { prepared, options, output, kept }: OverRun,
  fitted: RunBaseline,
  learn: (logits: Float32Array | undefined) => ReturnType<typeof tuneOnValidation>,
  tuning: Tuning | null,
): Promise<BaselineFigures | null> {
  const { validation, test, texts, split } = prepared;
  const tuned = await learn(fitted.validationLogits);
  await saveBaseline(join(output, baselineDirectory), {
    parts: prepared,
    fitted,
    texts,
    split,
    tuning: tuned,
  });
  // Where the model's thresholds stay at 0.5, they are tuned for the comparison alone.
  const own = tuning ?? (await learn(kept.validationLogits))?.tuning ?? null;
  return await compareWithBaseline(
    { validation, test },
    { validation: kept.validationLogits, test: kept.test?.logits },
    { validation: fitted.validationLogits, test: fitted.testLogits },
    own && tuned ? [own, tuned.tuning] : null,
    options.hierarchy,
    {},
  );
}

function storedFigures({ on, crossFitted, comparison }: BaselineFigures): JsonObject {
  return { on, crossFitted, rows: comparison.rows, figures: comparison.figures };
}
