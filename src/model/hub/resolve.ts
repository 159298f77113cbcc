import { lstat } from "node:fs/promises";
import { z } from "zod";
import { invalidOption, TagformerError } from "../../base/errors.js";
import { parseOptions } from "../../base/parse-options.js";
import { callback, callOptions } from "../../options/calls.js";
import { replacedPath } from "../file-names.js";
import { downloadModel, type ResolveOptions } from "./download.js";
import { parseModelName } from "./name.js";

const resolveOptions = callOptions.extend({
  onProgress: callback<NonNullable<ResolveOptions["onProgress"]>>(),
  offline: z.boolean().optional(),
});

/**
 * The directory of a model: `nameOrPath` itself, or for a name on the Hugging Face hub, such as
 * `google-bert/bert-base-uncased` or `name@revision`, the one in the shared cache, into which it is downloaded. A local
 * directory of that name comes first.
 *
 * @throws TagformerError `IO` when it is neither, `DOWNLOAD_FAILED`, `INVALID_MODEL` or `INVALID_OPTION`; or the reason
 * of the signal
 */
export async function resolveModel(nameOrPath: string, options: ResolveOptions = {}): Promise<string> {
  parseOptions(resolveOptions, options);
  if (typeof nameOrPath !== "string") {
    const found = `the model is of type ${typeof nameOrPath}`;
    throw invalidOption(`${found}; expected a directory or a name on the hub`);
  }
  if (isPath(nameOrPath) || (await isHere(nameOrPath))) return nameOrPath;
  const name = parseModelName(nameOrPath);
  if (!name) {
    throw new TagformerError(
      "IO",
      `the model directory ${nameOrPath} does not exist, and it is no name on the Hugging Face hub either: those look like google-bert/bert-base-uncased, or name@revision`,
    );
  }
  return downloadModel(name, options);
}

/** What can only be a path; whether it is there is its reader's to say. */
function isPath(text: string): boolean {
  return /^(\.{0,2}\/|~|[A-Za-z]:\\)/.test(text) || text === "." || text === "..";
}

async function isHere(path: string): Promise<boolean> {
  const exists = (at: string) =>
    lstat(at).then(
      () => true,
      () => false,
    );
  // A model whose saving was interrupted is not to be replaced by one of the hub.
  return (await exists(path)) || exists(replacedPath(path));
}
