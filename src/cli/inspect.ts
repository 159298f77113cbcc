// `tagformer inspect`
import type { Command } from "commander";
import { counted } from "../base/counted.js";
import { formatFindings } from "../data/check.js";
import type { Inspection } from "../data/inspection.js";
import type { LengthStatistics } from "../data/length-statistics.js";
import { inspectionOptions } from "../options/evaluation.js";
import { inspectionPage } from "../report/render.js";
import { inspectDataset } from "../text/inspect-dataset.js";
import { addDataFlags, type DataFlags, readData } from "./data-flags.js";
import { addFlags, takeFlags } from "./flags.js";
import { localModel, modelHelp } from "./model.js";
import { checkOutput, writeOutput } from "./output.js";
import { note, print, printJson } from "./terminal.js";
import { textTable } from "./text-table.js";

interface InspectFlags extends DataFlags {
  readonly model?: string;
  readonly labelFile?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** A table of more labels by labels would not fit into a terminal. */
const mostColumns = 12;
/** Pairs of labels that are listed instead. */
const shownPairs = 20;

export function addInspectCommand(root: Command): void {
  const command = root
    .command("inspect <data>")
    .description("show what a table of labelled texts holds: labels, combinations, lengths, problems")
    .option("--model <dir|name>", `${modelHelp}, whose tokens to count (default: words only)`)
    .option(
      "--label-file <file>",
      "table with the labels, joined by id; rows without any label are left out",
    );
  addDataFlags(command);
  addFlags(command, inspectionOptions)
    .option("--html <file>", "HTML page to write, with charts")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExample:\n  tagformer inspect tickets.csv --model google-bert/bert-base-uncased\n",
    )
    .action(inspect);
}

async function inspect(data: string, flags: InspectFlags): Promise<void> {
  const options = takeFlags(inspectionOptions, flags as unknown as Record<string, unknown>);
  await checkOutput(flags.html);
  const { dataset, droppedUnlabelled, skippedCount } = await readData(data, flags, {
    labelFile: flags.labelFile,
  });
  const model = flags.model === undefined ? undefined : await localModel(flags.model);
  const inspection = await inspectDataset(dataset, { model, ...options });
  if (flags.html !== undefined) {
    const page = await inspectionPage(inspection);
    await writeOutput(flags.html, (write) => write(page));
    note(`wrote ${flags.html}`);
  }
  if (flags.json) printJson({ ...inspection, droppedUnlabelled, skippedRows: skippedCount });
  else print(describe(inspection));
  noteModelCut(inspection);
}

/** Says what a training or a prediction with the model would cut; nothing when that is nothing. */
function noteModelCut({ tokens, rows: texts }: Inspection): void {
  if (!tokens?.modelCut?.rows) return;
  const { maxLength, rows } = tokens.modelCut;
  note(
    `${rows} of ${texts} texts are longer than ${maxLength} tokens, at which ${tokens.tokenizer} cuts texts unless --max-length or --window-stride say otherwise`,
  );
}

function describe(found: Inspection): string {
  const { combinations } = found;
  return [
    `${found.source}: ${counted(found.rows, "row")}, ${counted(found.labels.length, "label")}`,
    // The counts of labels have a table of their own.
    ...formatFindings({ ...found, labels: [] }).slice(1),
    `texts that are empty: ${found.emptyTexts}; that a row before has: ${found.duplicateTexts}`,
    found.duplicateIds === null ? "no ids" : `ids that a row before has: ${found.duplicateIds}`,
    `rows with no label set: ${found.rowsWithoutLabels} (${percent(found.rowsWithoutLabels / found.rows)}); ${found.labelsPerRow.toFixed(3)} labels a row`,
    "",
    textTable([["label", "positives", "negatives", "missing", "share", "neg/pos"], ...labelRows(found)]),
    "",
    ...describePairs(found),
    "",
    `${combinations.distinct} label combinations, ${combinations.once} of them in one row only${linesOf(found)}; the most frequent:`,
    ...combinations.frequent.map(({ labels, missing, rows }) => {
      const names = [...labels, ...missing.map((name) => `${name} missing`)];
      return `  ${String(rows).padStart(String(found.rows).length)}  ${names.join(", ") || "(none)"}`;
    }),
    "",
    textTable([
      ["length in", "mean", "deviation", "least", ...quantileNames(found.words), "most"],
      ...lengthRows(found),
    ]),
    ...describeCuts(found),
  ].join("\n");
}

function linesOf({ lineUnit, combinations: { once, onceLines } }: Inspection): string {
  if (once === 0) return "";
  return ` (${lineUnit} ${onceLines.join(", ")}${once > onceLines.length ? ", ..." : ""})`;
}

function labelRows({ labels }: Inspection): string[][] {
  return labels.map(({ name, positives, negatives, missing, share, negativesPerPositive }) => [
    name,
    String(positives),
    String(negatives),
    String(missing),
    share === null ? "-" : percent(share),
    negativesPerPositive === null ? "-" : negativesPerPositive.toFixed(1),
  ]);
}

function describePairs({ labels, cooccurrence }: Inspection): string[] {
  const title = "rows in which two labels are set together";
  if (labels.length <= mostColumns) {
    const rows = labels.map(({ name }, i) => [name, ...cooccurrence[i]!.map(String)]);
    return [`${title}:`, textTable([["", ...labels.map(({ name }) => name)], ...rows])];
  }
  const pairs = labels.flatMap(({ name }, i) =>
    labels.slice(0, i).map((other, j) => ({ name: `${other.name}, ${name}`, rows: cooccurrence[i]![j]! })),
  );
  const met = pairs.filter(({ rows }) => rows > 0).sort((a, b) => b.rows - a.rows);
  const width = String(met[0]?.rows ?? 0).length;
  return [
    `${title}: ${met.length} of ${pairs.length} pairs occur (--json has all); the most frequent:`,
    ...met.slice(0, shownPairs).map(({ name, rows }) => `  ${String(rows).padStart(width)}  ${name}`),
  ];
}

function quantileNames({ quantiles }: LengthStatistics): string[] {
  return quantiles.map(({ share }) => `${Math.round(100 * share)} %`);
}

function lengthRows({ words, characters, tokens }: Inspection): string[][] {
  const row = (name: string, lengths: LengthStatistics) => [
    name,
    lengths.mean.toFixed(4),
    lengths.deviation.toFixed(4),
    String(lengths.least),
    ...lengths.quantiles.map(({ length }) => length.toFixed(0)),
    String(lengths.most),
  ];
  return [row("words", words), row("characters", characters), ...(tokens ? [row("tokens", tokens)] : [])];
}

function describeCuts({ tokens }: Inspection): string[] {
  if (tokens === null) return ["", "Lengths in tokens, and what limits on them cut: give --model."];
  const rows = tokens.cuts.map(({ maxLength, rows, share, tokenShare }) => [
    String(maxLength),
    String(rows),
    percent(share),
    percent(tokenShare),
  ]);
  return ["", textTable([["max length", "rows cut", "share", "tokens lost"], ...rows])];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
