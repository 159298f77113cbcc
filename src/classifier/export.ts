// A loaded model in the forms that other programs read.

import { dirname } from "node:path";
import type { CallOptions } from "../base/cancel.js";
import { makeDirectories } from "../base/directories.js";
import { invalidOption } from "../base/errors.js";
import { requirePath } from "../base/kinds.js";
import { cannotWrite, writeWhole } from "../base/whole-file.js";
import { configFile, tokenizerFile, torchScriptType } from "../model/file-names.js";
import type { JsonObject } from "../model/json-file.js";
import type { NativeModel } from "../native/model.js";
import type { ExportCheck } from "../native/types.js";
import type { Tokenizer } from "../text/tokenizer.js";

/** What is exported. */
interface ExportedModel {
  readonly model: NativeModel;
  readonly tokenizer: Tokenizer;
  readonly config: JsonObject;
  /** Writes the whole model as a Hugging Face directory. */
  save(directory: string): Promise<void>;
}

/** Writes a model in a format; see `Classifier.export`. */
export async function exportModel(
  { model, tokenizer, config, save }: ExportedModel,
  output: string,
  format: "torchscript" | "safetensors",
  calls: CallOptions,
): Promise<ExportCheck | undefined> {
  requirePath(output, "output of the export");
  const writeWeights = (file: string) => model.save(file, calls);
  if (config.model_type === torchScriptType) {
    if (format !== "torchscript") {
      throw invalidOption("a TorchScript module is exported as torchscript, not as safetensors");
    }
    await writeInFolder(output, writeWeights, calls);
    return undefined;
  }
  if (format === "torchscript") {
    const extraFiles = {
      [configFile]: JSON.stringify(config, null, 2),
      [tokenizerFile]: await tokenizer.json(),
    };
    return writeInFolder(output, (file) => model.exportTorchScript(file, extraFiles, calls), calls);
  }
  if (output.endsWith(".safetensors")) await writeInFolder(output, writeWeights, calls);
  else await save(output);
  return undefined;
}

/** Writes a whole file, and makes its folder when there is none. */
async function writeInFolder<T>(
  output: string,
  fill: (file: string) => Promise<T>,
  calls: CallOptions,
): Promise<T> {
  calls.signal?.throwIfAborted();
  await makeDirectories(dirname(output)).catch((error) => {
    throw cannotWrite(output, error);
  });
  return writeWhole(output, fill, calls);
}
