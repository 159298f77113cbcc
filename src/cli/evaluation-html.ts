// The page of an evaluation.
import type { ClassifierEvaluation } from "../classifier/evaluation.js";
import type { Classifier } from "../classifier.js";
import { type Dataset, placeOf } from "../data/dataset.js";
import { evaluationDetails } from "../evaluation/details.js";
import { surestExamples } from "../evaluation/examples.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import { describeSeen } from "../model/seen-texts.js";
import type { EvaluationReport } from "../report/evaluation-page.js";
import { evaluationPage } from "../report/render.js";
import { writeOutput } from "./output.js";
import { note } from "./terminal.js";

/** Rows of the table of mistakes. */
const shownMistakes = 30;
/** Rows of the table of right decisions. */
const shownExamples = 12;

/** Writes a page with everything that an evaluation found. */
export async function writeEvaluationPage(
  file: string,
  names: Pick<EvaluationReport, "model" | "data">,
  { labels: labelNames, temperatures, thresholds }: Classifier,
  dataset: Dataset,
  { logits, labels, mistakes, seen }: ClassifierEvaluation,
): Promise<void> {
  const scores = { logits: divideByTemperature(logits, temperatures) };
  const examples = surestExamples(scores, labels, labelNames, shownExamples, thresholds);
  const shown = <Row extends { readonly row: number }>(found: Row) => ({
    ...found,
    place: placeOf(dataset, found.row),
    text: dataset.texts.at(found.row) ?? "",
  });
  const page = await evaluationPage({
    ...names,
    notes: describeSeen(seen).map(sentence),
    details: evaluationDetails(scores, labels, labelNames, thresholds),
    mistakes: mistakes.slice(0, shownMistakes).map(shown),
    examples: examples.map(shown),
  });
  await writeOutput(file, (write) => write(page));
  note(`wrote ${file}`);
}

/** A sentence of the command's as one of a page. */
function sentence(text: string): string {
  const bare = text.replace(/^warning: /, "");
  return `${bare.charAt(0).toUpperCase()}${bare.slice(1)}.`;
}
