// `tagformer predict`
import type { Command } from "commander";
import { checkReadable } from "../data/bytes.js";
import { inertCsvLines } from "../data/csv.js";
import { distinctColumns, labelCellWriter } from "../data/label-cell.js";
import { readTexts, type TextRow } from "../data/read.js";
import { classifierOptions } from "../options/model.js";
import type { Prediction } from "../predict/prediction.js";
import { noteCutTexts } from "./cut-texts.js";
import { addTextFlags, type TextFlags, textReading } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, modelHelp } from "./model.js";
import { splitNames } from "./names.js";
import { checkOutput, writeOutput } from "./output.js";
import { ensureSetUp } from "./setup.js";
import { note } from "./terminal.js";

interface PredictFlags extends TextFlags {
  readonly model: string;
  readonly out?: string;
  readonly labels?: string[];
  readonly tokens?: boolean;
  readonly json?: boolean;
}

export function addPredictCommand(root: Command): void {
  const command = root
    .command("predict <data>")
    .description("classify the texts of a table, or with - the lines of standard input")
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--out <file>", "CSV file to write (default: standard output)")
    .option("--labels <a,b,c>", "names of the scores of a TorchScript file, in order", splitNames);
  addTextFlags(command);
  addFlags(command, classifierOptions.omit({ labels: true }))
    .option("--tokens", "two more columns: how many tokens of each text were read, and how many were cut")
    .option("--json", "print one JSON document instead of CSV")
    .addHelpText(
      "after",
      '\nExamples:\n  tagformer predict new.csv --model ./tickets-model --out predictions.csv\n  echo "Where is my parcel?" | tagformer predict - --model ./tickets-model\n',
    )
    .action(predict);
}

async function predict(data: string, flags: PredictFlags): Promise<void> {
  await checkReadable(data);
  await checkOutput(flags.out);
  await ensureSetUp();
  await using classifier = await loadClassifier(
    flags.model,
    takeFlags(classifierOptions, flags as unknown as Record<string, unknown>),
  );
  const { json, tokens } = flags;
  let rows = 0;
  let cut = 0;
  const started = performance.now();
  await writeOutput(flags.out, async (write) => {
    const table = json ? new JsonTable() : new CsvTable(classifier.labels, tokens ?? false);
    for await (const chunk of readTexts(data, textReading(flags))) {
      const predictions = await classifier.predict(chunk.map((row) => row.text));
      await write(table.rows(chunk, predictions));
      rows += chunk.length;
      cut += predictions.filter((prediction) => prediction.tokens.cut > 0).length;
    }
    await write(table.end());
  });
  const seconds = (performance.now() - started) / 1000;
  if (flags.out) note(`${rows} texts, ${(rows / seconds).toFixed(0)} a second, to ${flags.out}`);
  noteCutTexts({ texts: rows, cut, maxLength: classifier.maxLength });
}

/** One line a text: its id, the labels above their thresholds, a score for each label, and the tokens where asked for. */
class CsvTable {
  readonly #labels: readonly string[];
  readonly #withTokens: boolean;
  readonly #labelCell: (labels: readonly string[]) => string;
  #first = true;

  constructor(labels: readonly string[], withTokens: boolean) {
    this.#labels = labels;
    this.#withTokens = withTokens;
    this.#labelCell = labelCellWriter(labels);
  }

  rows(rows: readonly TextRow[], predictions: readonly Prediction[]): string {
    const header = this.#first ? [this.#header()] : [];
    this.#first = false;
    const lines = rows.map((row, i) => {
      const { labels, scores, tokens } = predictions[i]!;
      const counts = this.#withTokens
        ? [String(tokens.read), `${tokens.atLeast ? ">=" : ""}${tokens.cut}`]
        : [];
      return [
        row.id,
        this.#labelCell(labels),
        ...this.#labels.map((label) => String(scores[label])),
        ...counts,
      ];
    });
    return inertCsvLines([...header, ...lines]);
  }

  #header(): string[] {
    const own = ["id", "labels", ...(this.#withTokens ? ["tokens_read", "tokens_cut"] : [])];
    const [id, labels, ...tokens] = distinctColumns(own, this.#labels);
    return [id!, labels!, ...this.#labels, ...tokens];
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
