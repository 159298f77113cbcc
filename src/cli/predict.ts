// `tagformer predict`
import type { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import type { Prediction } from "../classifier.js";
import { checkReadable } from "../data/bytes.js";
import { readTexts, type TextRow } from "../data/read.js";
import { classifierOptions } from "../options.js";
import { addEncodingFlag, noteReplaced } from "./data-flags.js";
import { addFlags, splitNames, takeFlags } from "./flags.js";
import { loadClassifier, modelHelp } from "./model.js";
import { writeOutput } from "./output.js";
import { ensureSetUp } from "./setup.js";
import { inertCell } from "./spreadsheet.js";
import { note } from "./terminal.js";

interface PredictFlags {
  readonly model: string;
  readonly out?: string;
  readonly text?: string;
  readonly id?: string;
  readonly labels?: string[];
  readonly encodingErrors?: "error" | "replace";
  readonly json?: boolean;
}

export function addPredictCommand(root: Command): void {
  const command = root
    .command("predict <data>")
    .description("classify the texts of a table, or with - the lines of standard input")
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--out <file>", "CSV file to write (default: standard output)")
    .option("--text <column>", "column of the texts (found by its name or content when not given)")
    .option("--id <column>", "column of the row ids")
    .option("--labels <a,b,c>", "names of the scores of a TorchScript file, in order", splitNames);
  addEncodingFlag(command);
  addFlags(command, classifierOptions.omit({ labels: true }))
    .option("--json", "print one JSON document instead of CSV")
    .addHelpText(
      "after",
      '\nExamples:\n  tagformer predict new.csv --model ./tickets-model --out predictions.csv\n  echo "Where is my parcel?" | tagformer predict - --model ./tickets-model\n',
    )
    .action(predict);
}

async function predict(data: string, flags: PredictFlags): Promise<void> {
  await checkReadable(data);
  await ensureSetUp();
  await using classifier = await loadClassifier(
    flags.model,
    takeFlags(classifierOptions, flags as unknown as Record<string, unknown>),
  );
  const { text, id, encodingErrors, json } = flags;
  let rows = 0;
  const started = performance.now();
  await writeOutput(flags.out, async (write) => {
    const table = json ? new JsonTable() : new CsvTable(classifier.labels);
    for await (const chunk of readTexts(data, { text, id, encodingErrors, onReplaced: noteReplaced })) {
      const predictions = await classifier.predict(chunk.map((row) => row.text));
      await write(table.rows(chunk, predictions));
      rows += chunk.length;
    }
    await write(table.end());
  });
  const seconds = (performance.now() - started) / 1000;
  if (flags.out) note(`${rows} texts, ${(rows / seconds).toFixed(0)} a second, to ${flags.out}`);
}

/** One line a text: its id, the labels above their thresholds, and a score for each label. */
class CsvTable {
  readonly #labels: readonly string[];
  #first = true;

  constructor(labels: readonly string[]) {
    this.#labels = labels;
  }

  rows(rows: readonly TextRow[], predictions: readonly Prediction[]): string {
    const header = this.#first ? [["id", "labels", ...this.#labels]] : [];
    this.#first = false;
    const lines = rows.map((row, i) => {
      const { labels, scores } = predictions[i]!;
      return [row.id, labels.join("|"), ...this.#labels.map((label) => String(scores[label]))];
    });
    return stringify([...header, ...lines], { cast: { string: inertCell } });
  }

  end(): string {
    return this.#first ? this.rows([], []) : "";
  }
}

/** A JSON array, written piece by piece. */
class JsonTable {
  #first = true;

  rows(rows: readonly TextRow[], predictions: readonly Prediction[]): string {
    const items = rows.map((row, i) => JSON.stringify({ id: row.id, ...predictions[i] }));
    const start = this.#first ? "[\n" : ",\n";
    this.#first = false;
    return start + items.join(",\n");
  }

  end(): string {
    return this.#first ? "[]\n" : "\n]\n";
  }
}
