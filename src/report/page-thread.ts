// What runs on the thread of a page: it draws one and replies with it. Vega computes for a tenth of a second and more, and so
// do the curves of a large table, which would block the event loop.
import { parentPort, workerData } from "node:worker_threads";
import { askForMore, reply } from "../base/thread.js";
import { CompressedTexts } from "../data/compressed-texts.js";
import type { Dataset } from "../data/dataset.js";
import type { Inspection } from "../data/inspection.js";
import { drawEvaluationPage, type EvaluationReport } from "./evaluation-page.js";
import { drawInspectionPage } from "./inspection-page.js";
import { describeRun, type RunFacts } from "./run-facts.js";
import { drawTrainingPage } from "./training-page.js";

/** A dataset whose texts come later, part by part. */
export type Table = Pick<Dataset, "source" | "labelNames" | "labels" | "lines" | "lineUnit">;

/** The page to draw; the thread's `workerData`. */
export type PageRequest =
  | { readonly kind: "evaluation"; readonly report: EvaluationReport }
  | { readonly kind: "inspection"; readonly inspection: Inspection }
  | { readonly kind: "run"; readonly facts: RunFacts; readonly tables: readonly Table[] };

/** Some texts of one of the tables, in order; `null` after the last. */
export type TextsPiece = { readonly table: number; readonly texts: readonly string[] } | null;

const request = workerData as PageRequest;
await reply(draw);

async function draw(): Promise<string> {
  switch (request.kind) {
    case "evaluation":
      return drawEvaluationPage(request.report);
    case "inspection":
      return drawInspectionPage(request.inspection);
    case "run": {
      const [training, validation = training] = await receiveTexts(request.tables);
      const tables = { training: training!, validation: validation! };
      return drawTrainingPage(await describeRun(request.facts, tables));
    }
  }
}

async function receiveTexts(tables: readonly Table[]): Promise<Dataset[]> {
  const datasets = tables.map((table) => ({ ...table, texts: new CompressedTexts() }));
  for (let piece = await nextPiece(); piece !== null; piece = await nextPiece()) {
    for (const text of piece.texts) datasets[piece.table]!.texts.push(text);
  }
  return datasets;
}

function nextPiece(): Promise<TextsPiece> {
  return new Promise((resolve) => {
    parentPort!.once("message", resolve);
    parentPort!.postMessage(askForMore);
  });
}
