// What the finished model does on the rows that judge it, for the report of a run.
import { count } from "../base/counted.js";
import type { Interval } from "../evaluation/bootstrap.js";
import type { TestFigures } from "../evaluation/jobs.js";
import { combinationsCaveat } from "./choices.js";
import { type Content, html } from "./html.js";
import { decimal, table } from "./parts.js";

/** What there is to say about the test rows. */
interface TestRows {
  /** Their table, where it is another than that of the training rows. */
  readonly testData?: string | undefined;
  /** Whether the run held rows back by combinations of labels. */
  readonly byCombinations: boolean;
}

/** The figures with their intervals, over all labels and of each. */
export function testContent(
  { metrics, intervals }: TestFigures,
  { testData, byCombinations }: TestRows,
): Content[] {
  const { figures, confidence } = intervals;
  const share = `${100 * confidence} % interval`;
  const line = (name: string, interval: Interval | null) => [
    name,
    decimal(interval?.value),
    intervalCell(interval),
  ];
  const isAnyFew = [...Object.values(figures), ...intervals.labels].some((one) => one?.fewPositives);
  return [
    html`<p>On ${count(metrics.rows)} rows${testData === undefined ? "" : ` of ${testData}`}, by which nothing was chosen: neither the weights, nor the epoch, nor a threshold. A label counts as given when its probability is above 0.5.</p>`,
    byCombinations && testData === undefined && html`<p>${combinationsCaveat}</p>`,
    table(
      "The model's figures",
      [{ title: "figure" }, { title: "value" }, { title: share }],
      [
        line("micro-F1", figures.microF1),
        line("macro-F1", figures.macroF1),
        line("subset accuracy", figures.subsetAccuracy),
        line("Hamming loss", figures.hammingLoss),
        line("macro ROC AUC", figures.macroRocAuc),
        line("macro average precision", figures.macroAveragePrecision),
      ],
    ),
    table(
      "The model's figures for each label",
      [
        { title: "label" },
        { title: "support" },
        { title: "precision" },
        { title: "recall" },
        { title: "F1" },
        { title: share },
      ],
      metrics.labels.map((label, i) => [
        label.name,
        count(label.support),
        decimal(label.precision),
        decimal(label.recall),
        ...line(label.name, intervals.labels[i] ?? null).slice(1),
      ]),
    ),
    isAnyFew &&
      html`<p class="faint">* Rests on a label with fewer than ten positives and says little: an average has no interval then, and that of the label's own F1 is wide.</p>`,
  ];
}

/** An average that rests on a label with fewer than ten positives has no interval; a label's own, marked, is exact. */
function intervalCell(interval: Interval | null): string {
  if (interval === null) return "–";
  const { low, high, fewPositives } = interval;
  const mark = fewPositives ? " *" : "";
  if (low === null || high === null) return `–${mark}`;
  return `${decimal(low)} to ${decimal(high)}${mark}`;
}
