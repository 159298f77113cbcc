// The flags that say how to read a table, shared by the commands that read one.
import type { Command } from "commander";
import { Option } from "commander";
import { type ReadDatasetOptions, type ReadResult, readDataset } from "../data/read.js";
import { splitNames } from "./flags.js";
import { note } from "./terminal.js";

export interface DataFlags {
  readonly text?: string;
  readonly labels?: string[];
  readonly labelColumn?: string;
  readonly id?: string;
  readonly weight?: string;
  readonly group?: string;
  readonly onBadRow?: "error" | "skip";
  readonly encodingErrors?: "error" | "replace";
}

/** The flag of bytes that are not UTF-8, for every command that reads a table. */
export function addEncodingFlag(command: Command): Command {
  return command.addOption(
    new Option("--encoding-errors <what>", "what to do with bytes that are not UTF-8")
      .choices(["error", "replace"])
      .default("error"),
  );
}

/** Says how many characters were replaced, if any. */
export function noteReplaced(characters: number): void {
  if (characters > 0) note(`replaced ${characters} characters that are not UTF-8`);
}

/** Adds the flags of {@link DataFlags}. */
export function addDataFlags(command: Command): Command {
  command
    .option("--text <column>", "column of the texts (found by its name or content when not given)")
    .option("--labels <a,b,c>", "label columns (default: every 0/1 column)", splitNames)
    .option("--label-column <column>", 'one column with a list of label names, such as ["a","b"] or a|b')
    .option("--id <column>", "column of the row ids")
    .option("--weight <column>", "column of the rows' weights in the loss")
    .option("--group <column>", "column of what a row belongs to, such as its author")
    .addOption(
      new Option("--on-bad-row <what>", "what to do with a row that cannot be used")
        .choices(["error", "skip"])
        .default("error"),
    );
  return addEncodingFlag(command);
}

/** Reads a dataset and says what was left out. */
export async function readData(
  path: string,
  flags: DataFlags,
  more: Partial<ReadDatasetOptions> = {},
): Promise<ReadResult> {
  const { text, labels, labelColumn, id, weight, group, onBadRow, encodingErrors } = flags;
  const result = await readDataset(path, {
    ...{ text, labels, labelColumn, id, weight, group, onBadRow, encodingErrors },
    ...more,
  });
  noteReplaced(result.replacedCharacters);
  if (result.skippedCount > 0) {
    note(`skipped ${result.skippedCount} rows that could not be used:`);
    for (const { file, line, unit, reason } of result.skipped) note(`  ${file}, ${unit} ${line}: ${reason}`);
  }
  return result;
}
