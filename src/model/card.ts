// The model card that lies beside a model.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cardFile } from "./file-names.js";

/** The card of a model directory, to go with a copy of the model; `undefined` when it has none that can be read. */
export async function readCard(directory: string): Promise<string | undefined> {
  return await readFile(join(directory, cardFile), "utf8").catch(() => undefined);
}
