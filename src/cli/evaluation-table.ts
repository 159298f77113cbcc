// The table of an evaluation: what each text was, should have been, and was given.
import type { ClassifierEvaluation } from "../classifier/evaluation.js";
import type { Classifier } from "../classifier.js";
import { chunksOf } from "../data/compressed-texts.js";
import { inertCsvLines } from "../data/csv.js";
import type { Dataset } from "../data/dataset.js";
import { distinctColumns, labelCellWriter } from "../data/label-cell.js";
import { sigmoid } from "../evaluation/loss.js";
import { decide, truthOf } from "../evaluation/scores.js";
import { divideByTemperature } from "../evaluation/temperature.js";
import { thresholdsOf } from "../evaluation/tuning.js";
import { writeOutput } from "./output.js";

/** Texts decoded at once. */
const rowsAtOnce = 1024;

/**
 * Writes a CSV file with a line for each row: id, the text as the tokenizer saw it (cut, and without what its vocabulary
 * lacks), the names of the true and of the predicted labels, of those that are missing, and each label's probability. Cells
 * that a spreadsheet would run begin with an apostrophe.
 */
export async function writeEvaluationTable(
  file: string,
  classifier: Classifier,
  dataset: Dataset,
  { logits, labels }: ClassifierEvaluation,
): Promise<void> {
  const names = classifier.labels;
  const width = names.length;
  const truth = truthOf(labels);
  const probabilities = sigmoid(divideByTemperature(logits, classifier.temperatures));
  const decisions = decide(probabilities, width, thresholdsOf(classifier.decision));
  const labelCell = labelCellWriter(names);
  const namesWhere = (row: number, test: (i: number) => boolean) =>
    labelCell(names.filter((_, label) => test(row * width + label)));
  const own = distinctColumns(["id", "text", "true_labels", "predicted_labels", "missing_labels"], names);
  await writeOutput(file, async (write) => {
    await write(inertCsvLines([[...own, ...names]]));
    let first = 0;
    for (const texts of chunksOf(dataset.texts, rowsAtOnce)) {
      const seen = await classifier.seenTexts(texts);
      const lines = seen.map((text, i) => {
        const row = first + i;
        return [
          dataset.ids?.at(row) ?? String(row + 1),
          text,
          namesWhere(row, (place) => truth[place] === 1),
          namesWhere(row, (place) => decisions[place] === 1),
          namesWhere(row, (place) => Number.isNaN(truth[place]!)),
          ...names.map((_, label) => String(probabilities[row * width + label])),
        ];
      });
      first += texts.length;
      await write(inertCsvLines(lines));
    }
  });
}
