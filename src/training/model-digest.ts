// Tells the model that a run begins from from others.
import { digestOf, digestOfFile } from "../base/digest.js";
import type { ModelFiles } from "../predict/loaded-model.js";

/** Names the weights, or the module, of a model. */
export async function digestOfModel({
  tensors,
  script,
}: Pick<ModelFiles, "tensors" | "script">): Promise<string> {
  const files = script === null ? [...new Set(tensors.map(({ file }) => file))] : [script];
  const digests: string[] = [];
  for (const file of files) digests.push((await digestOfFile(file)).sha256);
  return digestOf(digests);
}
