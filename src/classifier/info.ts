// What is known of a loaded classifier, for logs and health checks.
import { basename, dirname, resolve } from "node:path";
import { packageVersion } from "../base/package.js";
import type { Decision } from "../evaluation/tuning.js";
import type { Precision } from "../native/types.js";
import type { ModelFiles } from "../predict/loaded-model.js";
import type { TextModel } from "./text-model.js";

/** What {@link Classifier.info} tells. It is plain JSON. */
export interface ClassifierInfo {
  /** The directory or TorchScript file that the model was loaded from, as an absolute path. */
  readonly path: string;
  /** The model's name on the hub; `null` for one that was given as a path. */
  readonly name: string | null;
  /** The commit of the hub's files; `null` for others. */
  readonly revision: string | null;
  /** The version of tagformer that runs it. */
  readonly tagformerVersion: string;
  /** The number format of activations and matrix products. */
  readonly precision: Precision;
  /** `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  /** Threads of its operations; 0: an equal share of the granted cores among the models that say so. */
  readonly threads: number;
  /** Longest row in tokens. */
  readonly maxLength: number;
  /** How longer texts are read; `null`: they are cut. */
  readonly windows: {
    /** Tokens from the start of one window to the start of the next. */
    readonly stride: number;
    /** Most windows of a text; 0: as many as it takes. */
    readonly max: number;
    /** How the logits of a text's windows become one, label by label. */
    readonly pooling: "max" | "mean";
  } | null;
  /** The labels in the order of all scores, with what decides on them at present. */
  readonly labels: readonly {
    /** The label's name. */
    readonly name: string;
    /** Probability above which (strictly) it is given. */
    readonly threshold: number;
    /** What its logits are divided by before the sigmoid. */
    readonly temperature: number;
    /** The label above it, without which it is not given; absent where there is none. */
    readonly below?: string;
  }[];
  /** What the model's scores look like that a user should know; usually empty, one sentence each. */
  readonly warnings: readonly string[];
  /** When tagformer trained the model, in ISO 8601; `null` when it does not say, or something else trained it. */
  readonly trainedAt: string | null;
}

/** The part of {@link ClassifierInfo} that does not change. */
export type FixedInfo = Omit<ClassifierInfo, "labels">;

export function fixedInfo(
  path: string,
  { directory, baseModel, tagformer }: ModelFiles,
  { precision, threads, device, maxLength, windows, warnings }: TextModel,
): FixedInfo {
  const { windowStride, maxWindows, windowPooling } = windows;
  const place = resolve(directory ?? path);
  const trainedAt = tagformer?.trainedAt;
  return {
    path: place,
    name: baseModel ?? null,
    revision: revisionOf(place),
    tagformerVersion: packageVersion(),
    precision,
    device,
    threads,
    maxLength,
    windows: windowStride > 0 ? { stride: windowStride, max: maxWindows, pooling: windowPooling } : null,
    warnings,
    trainedAt: typeof trainedAt === "string" ? trainedAt : null,
  };
}

export function labelInfo(names: readonly string[], decision: Decision): ClassifierInfo["labels"] {
  return names.map((name, i) => {
    const below = names[decision.parents?.[i] ?? -1];
    return {
      name,
      threshold: decision.thresholds[i]!,
      temperature: decision.temperatures[i]!,
      ...(below !== undefined && { below }),
    };
  });
}

/** The commit in the path of a model in the hub's cache: `snapshots/<commit>`. */
function revisionOf(path: string): string | null {
  const commit = basename(path);
  return basename(dirname(path)) === "snapshots" && /^[0-9a-f]{40}$/.test(commit) ? commit : null;
}
