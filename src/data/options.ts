// The options of reading a table: each with its schema, default and description. The command line and the API both read this
// page.
import { z } from "zod";
import { callback, signal } from "../options/calls.js";
import { shardOption } from "./shard.js";

/** A text with a description, and what a command calls its value. */
const text = (description: string, value: string) =>
  z.string().min(1, `expected the name of a ${value}`).optional().meta({ description, value });
const column = (description: string) => text(description, "column");
const names = z.array(z.string()) as z.ZodType<readonly string[], readonly string[]>;

/**
 * Which columns are what, and how label lists are written.
 *
 * @public
 */
export const columnOptions = z.strictObject({
  text: column("column of the texts (default: found by its name or content)"),
  labels: names.optional().meta({
    description:
      "label columns, or the names that the lists of labelColumn may hold, in the order of the labels (default: found in the table); put names with commas in quotes, or give a JSON array",
  }),
  labelColumn: column(
    'one column that holds all labels of a row, such as ["a","b"], a|b, [0, 1, 0] or {"a": 0.7} (default: found where a column holds lists or objects)',
  ),
  labelNames: text("file with the names of the labels, one per line, or with ids; instead of labels", "file"),
  labelSeparator: z.string().optional().meta({
    description:
      'what separates names in lists: "," ";" "|" blank newline, or none (default: detected from the first rows)',
    value: "text",
  }),
  labelFormat: z.enum(["names", "ids", "multi-hot"]).optional().meta({
    description: "what lists of labels hold (default: detected from the first rows)",
    value: "what",
  }),
  id: column("column that identifies rows (default: found by its name or content)"),
  weight: column("column of the rows' weights in the loss"),
  group: column(
    "column that says what a row belongs to, such as its author; splits keep rows of one group together",
  ),
});

/**
 * How a table is written down.
 *
 * @public
 */
export const tableOptions = z.strictObject({
  format: z.enum(["csv", "tsv", "jsonl", "json", "parquet", "txt"]).optional().meta({
    description: "format of the table (default: by the file's extension; required for a stream)",
    value: "name",
  }),
  delimiter: z.string().optional().meta({
    description:
      'what separates cells: ",", ";", "|", "tab" or any other character (default: detected from the first rows)',
    value: "character",
  }),
  quotes: z.enum(["auto", "csv", "none"]).default("auto").meta({
    description:
      "what quotes mean: csv encloses cells in them, none treats them as ordinary characters, auto decides",
    value: "what",
  }),
  header: z
    .boolean()
    .default(true)
    .describe("read the first line as a header; columns without one are named column1, column2 and so on"),
  encodingErrors: z.enum(["error", "replace"]).default("error").meta({
    description:
      "what to do with bytes that are not UTF-8; replace: read them as U+FFFD, and report how many",
    value: "what",
  }),
});

const onBadRow = z.enum(["error", "skip"]).default("error").meta({
  description: "what to do with a row that cannot be used; skip: leave it out, and report how many",
  value: "what",
});

const onNote = callback<(sentence: string) => void>().describe(
  "receives a sentence for everything that was found and not told: columns, delimiters, a header that looks like data",
);

const ending = {
  signal: signal.describe("ends the reading; the call then rejects with the signal's reason"),
};

/** Options of reading a labelled table. */
export const readDatasetOptions = z.strictObject({
  ...columnOptions.shape,
  ...tableOptions.shape,
  labelFile: text("table with the labels, when they are not beside the texts; joined by id", "file"),
  onBadRow,
  onNote,
  ...ending,
});

/** Options of reading texts. */
export const readTextsOptions = z.strictObject({
  ...columnOptions.pick({ text: true, id: true }).shape,
  ...tableOptions.shape,
  shard: shardOption
    .optional()
    .describe(
      "read one part of several alone: rows index + 1, index + 1 + count, ...; of a Parquet file with enough of them, whole row groups",
    ),
  onReplaced: callback<(characters: number) => void>().describe(
    "called after the last row with the number of characters that were replaced",
  ),
  onNote,
  ...ending,
});

/** Options of a dataset from the rows of a program; their types are those of the rows. */
export const rowsOptions = z.strictObject({
  ...columnOptions.shape,
  labels: z.union([z.string().min(1), names]).optional(),
  name: z.string().min(1).default("rows"),
  onBadRow,
  onNote,
  ...ending,
});

/**
 * The columns to read, and how their label lists are written; what is not named is found.
 *
 * @interface
 */
export type ColumnOptions = z.input<typeof columnOptions>;

/**
 * How a table is written down; what is not given is told by the table.
 *
 * @interface
 */
export type TableOptions = z.input<typeof tableOptions>;

/**
 * Options of {@link readDataset}; `Label` is the type of the names in `labels`.
 *
 * @interface
 */
export type ReadDatasetOptions<Label extends string = string> = LabelsOf<Label> &
  Omit<z.input<typeof readDatasetOptions>, "labels">;

interface LabelsOf<Label extends string> {
  labels?: readonly Label[] | undefined;
}

/**
 * Options of {@link readTexts}.
 *
 * @interface
 */
export type ReadTextsOptions = z.input<typeof readTextsOptions>;

/** {@link ReadDatasetOptions} with every default filled in. */
export type ResolvedReadDatasetOptions = z.output<typeof readDatasetOptions>;

/** {@link ReadTextsOptions} with every default filled in. */
export type ResolvedReadTextsOptions = z.output<typeof readTextsOptions>;
