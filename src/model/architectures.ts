// What has to be known of an architecture before the add-on is loaded: its line in native/models/registry.cc.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../base/package.js";
import type { JsonObject } from "./json-file.js";

export interface Architecture {
  /** transformers' class of its classifiers. */
  readonly classifierClass: string;
  /** Name of the pretrained network within the classifier. */
  readonly base: string;
  /** Name of the word embeddings within that network. */
  readonly embeddings: string;
  /** Name of the linear layer whose rows are the labels. */
  readonly outputLayer: string;
  /** Rows of the table of positions where config.json does not say. */
  readonly positions: number;
  /** How these rows are counted; see Positions in native/models/embeddings.h. */
  readonly countedFrom: "kFromZero" | "kAfterPadding" | "kNone";
}

const registryFile = join(packageRoot, "native/models/registry.cc");
const line =
  /EACH\("(?<modelType>[\w-]+)", "(?<stem>\w+)", \w+, "(?<base>[\w.]+)", "(?<words>[\w.]+)", "(?<head>[\w.]+)", (?<positions>\d+), (?<countedFrom>k\w+)\)/g;

let registered: ReadonlyMap<string, Architecture> | undefined;

/** The architectures by `model_type`. */
export function architectures(): ReadonlyMap<string, Architecture> {
  registered ??= new Map(
    Array.from(readFileSync(registryFile, "utf8").matchAll(line), ({ groups }) => {
      const { modelType, stem, base, words, head, positions, countedFrom } = groups!;
      const architecture = {
        classifierClass: `${stem}ForSequenceClassification`,
        base: base!,
        embeddings: `${words}.weight`,
        outputLayer: head!,
        positions: Number(positions),
        countedFrom: countedFrom as Architecture["countedFrom"],
      };
      return [modelType!, architecture];
    }),
  );
  return registered;
}

/** The architecture of a `model_type`; `null` for an unknown one, which the engine refuses. */
export function findArchitecture(modelType: unknown): Architecture | null {
  return architectures().get(String(modelType)) ?? null;
}

/**
 * Most tokens of a text that a config.json has positions for; infinite where distances take the place of positions, and where
 * neither it nor its architecture says, as of a TorchScript module.
 */
export function positionsOf(config: JsonObject): number {
  const { model_type: type, max_position_embeddings: stated, pad_token_id: padding } = config;
  const architecture = findArchitecture(type);
  // position_biased_input is DeBERTa's: without it there is no table of positions.
  if (architecture?.countedFrom === "kNone" || config.position_biased_input === false) {
    return Number.POSITIVE_INFINITY;
  }
  const positions =
    typeof stated === "number" ? stated : (architecture?.positions ?? Number.POSITIVE_INFINITY);
  if (architecture?.countedFrom !== "kAfterPadding") return positions;
  return positions - (typeof padding === "number" ? padding : 1) - 1;
}
