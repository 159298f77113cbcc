// The flags that say how to read a table, shared by the commands that read one.
import type { Command } from "commander";
import { Option } from "commander";
import { type ReadDatasetOptions, type ReadResult, readDataset } from "../data/read.js";
import { splitNames } from "./names.js";
import { note } from "./terminal.js";

/** How delimited text is read; see {@link addTableFlags}. */
export interface TableFlags {
  readonly delimiter?: string;
  readonly quotes?: "auto" | "csv" | "none";
  readonly header?: boolean;
  readonly encodingErrors?: "error" | "replace";
}

export interface DataFlags extends TableFlags {
  readonly text?: string;
  readonly labels?: string[];
  readonly labelColumn?: string;
  readonly labelNames?: string;
  readonly labelSeparator?: string;
  readonly labelFormat?: "names" | "ids" | "multi-hot";
  readonly id?: string;
  readonly weight?: string;
  readonly group?: string;
  readonly onBadRow?: "error" | "skip";
}

/** The flags of {@link TableFlags}, for every command that reads a table. */
export function addTableFlags(command: Command): Command {
  return command
    .option("--delimiter <character>", 'what separates cells: ",", ";", "|", "tab" (told by the first rows)')
    .addOption(
      new Option(
        "--quotes <what>",
        "what quotes mean: csv encloses cells in them, none takes them for characters, auto decides",
      )
        .choices(["auto", "csv", "none"])
        .default("auto"),
    )
    .option("--no-header", "the first line is a row; columns are named column1, column2 and so on")
    .addOption(
      new Option("--encoding-errors <what>", "what to do with bytes that are not UTF-8")
        .choices(["error", "replace"])
        .default("error"),
    );
}

/** The options of reading a table that the flags give. */
export function tableOptions({ delimiter, quotes, header, encodingErrors }: TableFlags) {
  return { delimiter, quotes, header, encodingErrors, onNote: note };
}

/** Says how many characters were replaced, if any. */
export function noteReplaced(characters: number): void {
  if (characters > 0) note(`replaced ${characters} characters that are not UTF-8`);
}

/** Adds the flags of {@link DataFlags}. */
export function addDataFlags(command: Command): Command {
  command
    .option("--text <column>", "column of the texts (found by its name or content when not given)")
    .option(
      "--labels <a,b,c>",
      "label columns (default: every 0/1 column); names with commas in quotes: '\"a, b\",c'",
      splitNames,
    )
    .option(
      "--label-column <column>",
      'one column with a list of labels, such as ["a","b"], a|b or [0, 1, 0]',
    )
    .option("--label-names <file>", "names of the labels, one a line, or with ids; instead of --labels")
    .option(
      "--label-separator <text>",
      'what separates names in lists: "," ";" "|" blank newline, or none (told by the first rows)',
    )
    .addOption(
      new Option("--label-format <what>", "what lists of labels hold (told by the first rows)").choices([
        "names",
        "ids",
        "multi-hot",
      ]),
    )
    .option("--id <column>", "column of the row ids")
    .option("--weight <column>", "column of the rows' weights in the loss")
    .option("--group <column>", "column of what a row belongs to, such as its author")
    .addOption(
      new Option("--on-bad-row <what>", "what to do with a row that cannot be used")
        .choices(["error", "skip"])
        .default("error"),
    );
  return addTableFlags(command);
}

/** Reads a dataset and says what was left out. */
export async function readData(
  path: string,
  flags: DataFlags,
  more: Partial<ReadDatasetOptions> = {},
): Promise<ReadResult> {
  const { text, labels, labelColumn, labelNames, labelSeparator, labelFormat } = flags;
  const { id, weight, group, onBadRow } = flags;
  const result = await readDataset(path, {
    ...{ text, labels, labelColumn, labelNames, labelSeparator, labelFormat },
    ...{ id, weight, group, onBadRow },
    ...tableOptions(flags),
    ...more,
  });
  noteReplaced(result.replacedCharacters);
  if (result.skippedCount > 0) {
    note(`skipped ${result.skippedCount} rows that could not be used:`);
    for (const { file, line, unit, reason } of result.skipped) note(`  ${file}, ${unit} ${line}: ${reason}`);
  }
  if (result.droppedUnlabelled > 0) note(`left out ${result.droppedUnlabelled} rows without any label`);
  return result;
}
