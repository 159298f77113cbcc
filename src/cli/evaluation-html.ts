// The page of an evaluation.
import type { Classifier, ClassifierEvaluation } from "../classifier.js";
import type { Dataset } from "../data/dataset.js";
import { evaluationDetails } from "../evaluation/details.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import type { EvaluationReport } from "../report/evaluation-page.js";
import { evaluationPage } from "../report/pages.js";
import { writeOutput } from "./output.js";
import { note } from "./terminal.js";

/** Rows of the table of mistakes. */
const shownMistakes = 30;

/** Writes a page with everything that an evaluation found. */
export async function writeEvaluationPage(
  file: string,
  names: Pick<EvaluationReport, "model" | "data">,
  classifier: Classifier,
  dataset: Dataset,
  { logits, labels, mistakes }: ClassifierEvaluation,
): Promise<void> {
  const scores = { logits: divideByTemperature(logits, classifier.temperatures) };
  const page = await evaluationPage({
    ...names,
    details: evaluationDetails(scores, labels, classifier.labels, classifier.thresholds),
    mistakes: mistakes.slice(0, shownMistakes).map((mistake) => ({
      ...mistake,
      place: dataset.lines ? `line ${dataset.lines[mistake.row]}` : `row ${mistake.row + 1}`,
      text: dataset.texts.at(mistake.row) ?? "",
    })),
  });
  await writeOutput(file, (write) => write(page));
  note(`wrote ${file}`);
}
