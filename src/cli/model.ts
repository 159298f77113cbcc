// Models of commands: directories, or names on the hub that are downloaded before anything else.

import { isBagOfWordsDirectory } from "../classifier/bag-of-words-model.js";
import { Classifier } from "../classifier.js";
import { resolveModel } from "../model/hub/resolve.js";
import { isTorchScriptPath } from "../model/torchscript/source.js";
import type { ClassifierOptions } from "../options/model.js";
import { ProgressBar } from "./progress.js";
import { ensureSetUp } from "./setup.js";
import { note } from "./terminal.js";

/** What `--model` takes. */
export const modelHelp =
  "model directory, name on the Hugging Face hub (owner/model or owner/model@revision), or TorchScript file (.pt, with --tokenizer and --trust)";

/** The directory of a model, after its download if there has to be one. */
export async function localModel(nameOrPath: string): Promise<string> {
  if (isTorchScriptPath(nameOrPath)) return nameOrPath;
  let bar: ProgressBar | undefined;
  const onProgress = (done: number, total: number) => {
    bar ??= new ProgressBar(`downloading ${nameOrPath}`, total);
    bar.update(done, `${(bar.rate / 1e6).toFixed(1)} MB/s`);
  };
  try {
    return await resolveModel(nameOrPath, { onProgress });
  } finally {
    bar?.stop();
  }
}

/** {@link localModel}, with a build of the add-on where the model needs one. */
export async function usableModel(nameOrPath: string): Promise<string> {
  const path = await localModel(nameOrPath);
  if (!(await isBagOfWordsDirectory(path))) await ensureSetUp();
  return path;
}

/** A trained model of a command, downloaded if it has to be; says where it computes when that was left open, and what its scores look like. */
export async function loadClassifier(nameOrPath: string, options: ClassifierOptions): Promise<Classifier> {
  const classifier = await Classifier.load(await usableModel(nameOrPath), options);
  if (classifier.deviceNote) note(classifier.deviceNote);
  for (const warning of classifier.info.warnings) note(`warning: ${warning}`);
  return classifier;
}
