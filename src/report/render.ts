// Pages that are drawn on a thread of their own.

import { requireMadeBy } from "../base/kinds.js";
import { runThread } from "../base/thread.js";
import { chunksOf, type Texts } from "../data/compressed-texts.js";
import type { Dataset } from "../data/dataset.js";
import type { Inspection } from "../data/inspection.js";
import type { EvaluationReport } from "./evaluation-page.js";
import type { PageRequest, Table, TextsPiece } from "./page-thread.js";
import type { RunFacts, RunTables } from "./run-facts.js";

/** Texts sent at once: decompressing and sending them takes the event loop a few milliseconds. */
const textsAtOnce = 256;

/** A page about an evaluation: figures, curves, tables and mistakes in one HTML file without scripts. */
export async function evaluationPage(report: EvaluationReport): Promise<string> {
  requireMadeBy("a program that has details, as evaluationDetails() gives, and mistakes", report, [
    "model",
    "data",
    "details",
    "mistakes",
  ]);
  return draw({ kind: "evaluation", report });
}

/** A page about a table, as {@link inspectDataset} describes it: one HTML file without scripts. */
export async function inspectionPage(inspection: Inspection): Promise<string> {
  requireMadeBy("inspectDataset()", inspection, ["labels"]);
  return draw({ kind: "inspection", inspection });
}

/** The report of a run. */
export function runPage(facts: RunFacts, { training, validation }: RunTables): Promise<string> {
  const datasets = validation === training ? [training] : [training, validation];
  const tables = datasets.map(tableOf);
  return draw(
    { kind: "run", facts, tables },
    datasets.map(({ texts }) => texts),
  );
}

function tableOf({ source, labelNames, labels, lines, lineUnit }: Dataset): Table {
  return { source, labelNames, labels, ...(lines && { lines }), ...(lineUnit && { lineUnit }) };
}

function draw(request: PageRequest, texts: readonly Texts[] = []): Promise<string> {
  const pieces = piecesOf(texts);
  return runThread({
    file: "page-thread",
    title: "the thread that draws a page",
    workerData: request,
    supply: () => pieces.next().value ?? null,
  });
}

function* piecesOf(tables: readonly Texts[]): Generator<TextsPiece> {
  for (const [table, all] of tables.entries()) {
    for (const texts of chunksOf(all, textsAtOnce)) yield { table, texts };
  }
}
