// The flags that say how to read a table, shared by the commands that read one.
import type { Command } from "commander";
import { counted } from "../base/counted.js";
import { parseOptions } from "../base/parse-options.js";
import type { OnBadRow } from "../data/bad-rows.js";
import {
  type ColumnOptions,
  type ReadTextsOptions,
  readDatasetOptions,
  readTextsOptions,
  type TableOptions,
} from "../data/options.js";
import { type ReadResult, readTable } from "../data/read.js";
import { addFlags, takeFlags } from "./flags.js";
import { note } from "./terminal.js";

/** What a command is told about a table of texts. */
export type TextFlags = TableOptions & Pick<ColumnOptions, "text" | "id">;

/** What a command is told about a labelled table. */
export type DataFlags = ColumnOptions & TableOptions & { readonly onBadRow?: OnBadRow };

/** The options of a labelled table that commands take one by one; a file of labels is an argument of some alone. */
const dataOptions = readDatasetOptions.omit({ labelFile: true, onNote: true, signal: true });

/** The options of texts to predict; a shard has flags of its own. */
const textOptions = readTextsOptions.omit({ shard: true, onReplaced: true, onNote: true, signal: true });

/** Adds the flags of {@link TextFlags}. */
export function addTextFlags(command: Command): Command {
  return addFlags(command, textOptions);
}

/** The options of reading texts that the flags give. */
export function textReading(flags: TextFlags): ReadTextsOptions {
  return { ...takeFlags(textOptions, { ...flags }), onNote: note, onReplaced: noteReplaced };
}

/** Says how many characters were replaced, if any. */
function noteReplaced(characters: number): void {
  if (characters > 0) note(`replaced ${characters} characters that are not UTF-8`);
}

/** Adds the flags of {@link DataFlags}. */
export function addDataFlags(command: Command): Command {
  return addFlags(command, dataOptions);
}

/** Reads a dataset and says what was left out. */
export async function readData(
  path: string,
  flags: DataFlags,
  { labelsOf, labelFile }: { readonly labelsOf?: string; readonly labelFile?: string | undefined } = {},
): Promise<ReadResult> {
  const options = parseOptions(readDatasetOptions, {
    ...takeFlags(dataOptions, { ...flags }),
    labelFile,
    onNote: note,
  });
  const result = await readTable(path, { ...options, labelsOf });
  noteReplaced(result.replacedCharacters);
  if (result.skippedCount > 0) {
    note(`skipped ${counted(result.skippedCount, "row")} that could not be used:`);
    for (const { file, line, unit, reason } of result.skipped) note(`  ${file}, ${unit} ${line}: ${reason}`);
  }
  if (result.droppedUnlabelled > 0)
    note(`left out ${counted(result.droppedUnlabelled, "row")} without any label`);
  return result;
}
