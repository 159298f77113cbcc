// Everything that is done before a foreign TorchScript module runs in this process.
import { invalidOption } from "../../base/errors.js";
import type { JsonObject } from "../json-file.js";
import { checkTorchScriptFile } from "./check.js";
import { type ModuleTrial, tryTorchScript } from "./trial-load.js";

/**
 * Asks for trust, checks the file's bytes, and tries it in a process of its own.
 *
 * @param config config.json of the model
 * @throws TagformerError `INVALID_OPTION` without trust, otherwise as {@link checkTorchScriptFile} and
 * {@link tryTorchScript}
 */
export async function vetTorchScript(
  file: string,
  config: JsonObject,
  trust: boolean,
  signal: AbortSignal | undefined,
): Promise<ModuleTrial> {
  if (!trust) {
    throw invalidOption(
      `${file} is a TorchScript module: a program, which runs with your rights and carries no signature. It is checked before it runs, but no check proves a program harmless. If you know where it comes from, say so with \`trust: true\` (--trust)`,
    );
  }
  await checkTorchScriptFile(file, signal);
  return tryTorchScript(file, config, signal);
}
