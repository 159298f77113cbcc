// Predictions as a table: CSV, or one JSON document.
import { inertCsvLines } from "../data/csv.js";
import { distinctColumns, labelCellWriter } from "../data/label-cell.js";
import type { TextRow } from "../data/read.js";
import type { Prediction } from "../predict/prediction.js";

/** Makes the text of a table, chunk by chunk of its rows. */
interface PredictionTable {
  /** @param file the table that the rows come from, where they come from several */
  rows(rows: readonly TextRow[], predictions: readonly Prediction[], file?: string): string;
  /** What stands behind the last row. */
  end(): string;
}

/** What a CSV table has besides ids, labels and a probability for each label. */
interface CsvColumns {
  /** The file that a row comes from, before its id. */
  readonly files: boolean;
  /** How many tokens were read and cut, at the end. */
  readonly tokens: boolean;
}

/** One line a text: its id, the labels above their thresholds, and a probability for each label. */
export class CsvTable implements PredictionTable {
  readonly #labels: readonly string[];
  readonly #columns: CsvColumns;
  readonly #labelCell: (labels: readonly string[]) => string;
  #first = true;

  constructor(labels: readonly string[], columns: CsvColumns) {
    this.#labels = labels;
    this.#columns = columns;
    this.#labelCell = labelCellWriter(labels);
  }

  rows(rows: readonly TextRow[], predictions: readonly Prediction[], file = ""): string {
    const header = this.#first ? [this.#header()] : [];
    this.#first = false;
    const { files, tokens } = this.#columns;
    const lines = rows.map((row, i) => {
      const prediction = predictions[i]!;
      return [
        ...(files ? [file] : []),
        row.id,
        this.#labelCell(prediction.labels),
        ...this.#labels.map((label) => String(prediction.scores[label])),
        ...(tokens ? tokenCells(prediction) : []),
      ];
    });
    return inertCsvLines([...header, ...lines]);
  }

  #header(): string[] {
    const { files, tokens } = this.#columns;
    const before = [...(files ? ["file"] : []), "id", "labels"];
    const own = [...before, ...(tokens ? ["tokens_read", "tokens_cut"] : [])];
    const names = distinctColumns(own, this.#labels);
    return [...names.slice(0, before.length), ...this.#labels, ...names.slice(before.length)];
  }

  end(): string {
    return this.#first ? this.rows([], []) : "";
  }
}

function tokenCells({ tokens }: Prediction): string[] {
  return [String(tokens.read), `${tokens.atLeast ? ">=" : ""}${tokens.cut}`];
}

/** A JSON array, written chunk by chunk. */
export class JsonTable implements PredictionTable {
  #first = true;

  rows(rows: readonly TextRow[], predictions: readonly Prediction[], file?: string): string {
    const source = file === undefined ? {} : { file };
    const items = rows.map((row, i) => JSON.stringify({ ...source, id: row.id, ...predictions[i] }));
    if (items.length === 0) return "";
    const start = this.#first ? "[\n" : ",\n";
    this.#first = false;
    return start + items.join(",\n");
  }

  end(): string {
    return this.#first ? "[]\n" : "\n]\n";
  }
}
