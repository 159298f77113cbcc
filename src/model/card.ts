// The model card that lies beside a model.

import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, TagformerError } from "../errors.js";
import { cardFile } from "./file-names.js";

/** The card of a model directory, to go with a copy of the model; `undefined` when it has none that can be read. */
export async function readCard(directory: string): Promise<string | undefined> {
  return await readFile(join(directory, cardFile), "utf8").catch(() => undefined);
}

/**
 * Changes the card of a model directory that has one: beside it, then renamed.
 *
 * @throws TagformerError `IO` when it cannot be written
 */
export async function updateCard(directory: string, change: (card: string) => string): Promise<void> {
  const card = await readCard(directory);
  if (card === undefined) return;
  const file = join(directory, cardFile);
  const beside = `${file}.writing-${randomUUID()}`;
  try {
    await writeFile(beside, change(card), { flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw new TagformerError("IO", `cannot write ${file}: ${messageOf(error)}`, { cause: error });
  }
}
