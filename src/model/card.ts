// The model card that lies beside a model.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWholeText } from "../base/whole-file.js";
import { cardFile } from "./file-names.js";

/** The card of a model directory, to go with a copy of the model; `undefined` when it has none that can be read. */
export async function readCard(directory: string): Promise<string | undefined> {
  return await readFile(join(directory, cardFile), "utf8").catch(() => undefined);
}

/**
 * Changes the card of a model directory that has one.
 *
 * @throws TagformerError `IO` when it cannot be written
 */
export async function updateCard(directory: string, change: (card: string) => string): Promise<void> {
  const card = await readCard(directory);
  if (card !== undefined) await writeWholeText(join(directory, cardFile), change(card));
}
