// A TorchScript file by itself: a model without a config.json, whose tokenizer lies elsewhere.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { invalidOption, TagformerError } from "../../base/errors.js";
import type { ModelConfig } from "../directory.js";
import { configFile, torchScriptType } from "../file-names.js";
import { isJsonObject, readJsonObjectIfPresent } from "../json-file.js";
import { readLabels } from "../labels.js";

const maxJsonBytes = 10e6;

/** Whether a path names a TorchScript file. */
export function isTorchScriptPath(path: string): boolean {
  return /\.(pt|pth|ts)$/.test(path);
}

/** What is known of a TorchScript file from the directory of its tokenizer. */
interface TorchScriptSource extends ModelConfig {
  /** `model_type` of the model that the tokenizer belongs to; empty when unknown. */
  readonly tokenizerType: string;
}

/**
 * Describes the model of a TorchScript file: labels and padding as the config.json beside its tokenizer says, if there
 * is one.
 *
 * @throws TagformerError `INVALID_OPTION` without a tokenizer, `IO` when the file does not exist
 */
export async function readTorchScriptSource(
  file: string,
  tokenizer: string | undefined,
): Promise<TorchScriptSource> {
  if (!(await stat(file).catch(() => null))) throw new TagformerError("IO", `${file} does not exist`);
  if (tokenizer === undefined) {
    throw invalidOption(
      `${file} holds no tokenizer; name the directory of its files with \`tokenizer\` (--tokenizer DIR)`,
    );
  }
  const path = join(tokenizer, configFile);
  const beside = (await readJsonObjectIfPresent(path, maxJsonBytes)) ?? {};
  const padding = beside.pad_token_id;
  return {
    config: {
      model_type: torchScriptType,
      ...(typeof padding === "number" && { pad_token_id: padding }),
      ...(beside.model_type === "xlnet" && { padding_side: "left" }),
    },
    modelType: torchScriptType,
    labels: isJsonObject(beside.id2label) ? readLabels(beside, path) : { names: [], named: false },
    tokenizerType: typeof beside.model_type === "string" ? beside.model_type : "",
  };
}
