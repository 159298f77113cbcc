// Pages that are drawn on a thread of their own.

import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, TagformerError } from "../base/errors.js";
import { requireMadeBy } from "../base/kinds.js";
import type { Dataset } from "../data/dataset.js";
import type { Inspection } from "../data/inspection.js";
import { chunksOf, type Texts } from "../data/texts.js";
import { packageRoot } from "../install/locations.js";
import type { EvaluationReport } from "./evaluation-page.js";
import type { PageMessage, PageRequest, Table, TextsPiece } from "./page-thread.js";
import type { RunFacts, RunTables } from "./run-facts.js";

/** The thread runs the bundled file, whether or not this one was compiled. */
const threadFile = join(packageRoot, "dist", "bundle", "page-thread.js");

/** Texts sent at once: unpacking and sending them takes the event loop a few milliseconds. */
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

async function draw(request: PageRequest, texts: readonly Texts[] = []): Promise<string> {
  const pieces = piecesOf(texts);
  // Without the process's own flags: --input-type, which `node -e` takes, would end a thread that runs a file.
  const worker = new Worker(threadFile, { workerData: request, execArgv: [] });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.on("error", (error) => reject(threadEnded(messageOf(error), error)));
      worker.on("exit", (code) => reject(threadEnded(`exit code ${code}`)));
      worker.on("message", (message: PageMessage) => {
        if ("page" in message) return resolve(message.page);
        try {
          worker.postMessage(pieces.next().value ?? null);
        } catch (error) {
          reject(error); // the texts of a dataset may be anybody's
        }
      });
    });
  } finally {
    await worker.terminate();
  }
}

function* piecesOf(tables: readonly Texts[]): Generator<TextsPiece> {
  for (const [table, all] of tables.entries()) {
    for (const texts of chunksOf(all, textsAtOnce)) yield { table, texts };
  }
}

function threadEnded(why: string, cause?: unknown): TagformerError {
  return new TagformerError("INTERNAL", `the thread that draws a page ended (${why})`, { cause });
}
