// The model card: README.md with the metadata that the Hugging Face hub reads.

import { basename } from "node:path";
import type { Evaluation } from "../evaluation/metrics.js";
import type { Tuning } from "../evaluation/tuning.js";
import { cardMark } from "../model/file-names.js";

/** What a model card is written from. */
interface CardFacts {
  /** Name of the model, such as its directory's. */
  readonly name: string;
  /** The labels, in the model's order. */
  readonly labels: readonly string[];
  /** The model it was trained from: a name on the hub, or `null` when it was a directory or a fresh one. */
  readonly baseModel: string | null;
  /** Name of the data, without the path to it. */
  readonly data: string;
  readonly trainingRows: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly maxLength: number;
  /** On the rows held back; `null` when there are none. */
  readonly validation: Evaluation | null;
}

/** The content of README.md. */
export function modelCard(facts: CardFacts): string {
  return `---\n${metadata(facts)}---\n\n${cardMark}\n\n${body(facts)}`;
}

/** What stands around the section about tuned thresholds, which may change when the rest does not. */
const tuningStart = "<!-- tuned thresholds -->";
const tuningEnd = "<!-- end of tuned thresholds -->";

/**
 * A card with what a tuning found, in place of what an earlier one did; without that when there is none. A card that
 * somebody made their own stays as it is.
 *
 * @param source where the rows came from that it was tuned on
 */
export function cardWithTuning(
  card: string,
  tuning: Tuning | null,
  labels: readonly string[],
  source: string,
): string {
  if (!card.includes(cardMark)) return card;
  const start = card.indexOf(tuningStart);
  const end = card.indexOf(tuningEnd);
  const bare =
    start >= 0 && end > start ? card.slice(0, start) + card.slice(end + tuningEnd.length).trimStart() : card;
  const place = bare.indexOf("## Use\n");
  if (tuning === null || place < 0) return bare;
  const section = `${tuningStart}\n\n${tuningSection(tuning, labels, source)}\n\n${tuningEnd}\n\n`;
  return bare.slice(0, place) + section + bare.slice(place);
}

function tuningSection(
  { thresholds, temperatures, untuned, tuned, crossFitted }: Tuning,
  labels: readonly string[],
  source: string,
): string {
  const figure = (value: number | null | undefined) => value?.toFixed(4) ?? "–";
  const perLabel = labels.map((label, i) => [
    text(label),
    figure(temperatures[i]),
    figure(thresholds[i]),
    ...[untuned, tuned, crossFitted].map((evaluation) => figure(evaluation?.labels[i]?.f1)),
  ]);
  const averages: [string, (evaluation: Evaluation) => number][] = [
    ["micro-F1", ({ micro }) => micro.f1],
    ["macro-F1", ({ macro }) => macro.f1],
    ["subset accuracy", ({ subsetAccuracy }) => subsetAccuracy],
  ];
  const figures = averages.map(([name, of]) => [
    name,
    ...[untuned, tuned, crossFitted].map((evaluation) => figure(evaluation && of(evaluation))),
  ]);
  return [
    "## With the tuned thresholds",
    `Tuned on ${tuned.rows} rows of ${text(basename(source))}, and in use: they are in tagformer.json. Tuned figures flatter, because they are of these very rows; cross-fitted ones are of rows that the thresholds did not see.`,
    markdownTable(["label", "temperature", "threshold", "F1 at 0.5", "tuned", "cross-fitted"], perLabel),
    markdownTable(["all labels", "at 0.5", "tuned", "cross-fitted"], figures),
  ].join("\n\n");
}

/** YAML; every value is written as JSON, which YAML is a superset of, so that no name can be read as anything else. */
function metadata({ name, baseModel, data, validation }: CardFacts): string {
  const results = validation ? modelIndex(name, data, validation) : null;
  const fields: [string, unknown][] = [
    ["library_name", "transformers"],
    ["pipeline_tag", "text-classification"],
    ["tags", ["tagformer", "multi-label-classification"]],
    ...(baseModel === null ? [] : ([["base_model", baseModel]] as [string, unknown][])),
    ...(results ? ([["metrics", ["f1", "accuracy", "roc_auc"]]] as [string, unknown][]) : []),
    ...(results ? ([["model-index", results]] as [string, unknown][]) : []),
  ];
  return fields.map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`).join("");
}

function modelIndex(name: string, data: string, validation: Evaluation): unknown {
  const figures: [type: string, name: string, value: number | null][] = [
    ["f1", "micro-F1", validation.micro.f1],
    ["f1", "macro-F1", validation.macro.f1],
    ["accuracy", "subset accuracy", validation.subsetAccuracy],
    ["roc_auc", "macro ROC AUC", validation.macro.rocAuc],
  ];
  const metrics = figures
    .filter(([, , value]) => value !== null)
    .map(([type, title, value]) => ({ type, name: title, value: Number(value!.toFixed(4)) }));
  const task = { type: "text-classification", name: "Multi-label text classification" };
  const dataset = { type: "tagformer", name: data, split: "validation" };
  return [{ name, results: [{ task, dataset, metrics }] }];
}

function body(facts: CardFacts): string {
  const { name, data, trainingRows, epochs, learningRate, batchSize, maxLength, validation } = facts;
  const from = facts.baseModel === null ? "" : `, fine-tuned from ${text(facts.baseModel)}`;
  const parts = [
    `# ${text(name)}`,
    `A multi-label text classifier${from}: every label gets a probability of its own, the sigmoid of its logit.`,
    `Trained with tagformer on ${trainingRows} rows of ${text(data)}: ${epochs} epochs, learning rate ${learningRate}, batches of ${batchSize}, texts of up to ${maxLength} tokens.`,
    "## Labels",
    labelTable(facts),
    ...(validation
      ? [`## On the ${validation.rows} rows held back, at thresholds of 0.5`, figureTable(validation)]
      : []),
    "## Use",
    `In Node.js:\n\n\`\`\`js\nimport { Classifier } from "tagformer";\n\nawait using classifier = await Classifier.load("./model"); // this directory\nconsole.log(await classifier.predict(["a text"]));\n\`\`\``,
    `In Python:\n\n\`\`\`python\nfrom transformers import pipeline\n\nclassify = pipeline("text-classification", "./model", top_k=None)  # this directory\nprint(classify("a text"))\n\`\`\``,
    "A label is given when its probability is above its threshold in tagformer.json, 0.5 where it has none. What the model learned is in its training rows: look at its mistakes on texts of your own before you trust it.",
  ];
  return `${parts.join("\n\n")}\n`;
}

function labelTable({ labels, validation }: CardFacts): string {
  const rows = labels.map((label, i) => {
    const metrics = validation?.labels[i];
    const figures = metrics
      ? [metrics.precision, metrics.recall, metrics.f1].map((value) => value.toFixed(3))
      : [];
    return [text(label), ...figures, ...(metrics ? [String(metrics.support)] : [])];
  });
  const titles = ["label", ...(validation ? ["precision", "recall", "F1", "support"] : [])];
  return markdownTable(titles, rows);
}

function figureTable({ micro, macro, subsetAccuracy, hammingLoss, loss }: Evaluation): string {
  const figure = (value: number | null) => (value === null ? "–" : value.toFixed(4));
  return markdownTable(
    ["metric", "value"],
    [
      ["micro-F1", figure(micro.f1)],
      ["macro-F1", figure(macro.f1)],
      ["subset accuracy", figure(subsetAccuracy)],
      ["Hamming loss", figure(hammingLoss)],
      ["macro ROC AUC", figure(macro.rocAuc)],
      ["loss", figure(loss)],
    ],
  );
}

function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A name inside Markdown: nothing in it is markup. */
function text(name: string): string {
  return name
    .replace(/\s+/g, " ")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/[\\`*_{}[\]()#+!|>~-]/g, "\\$&");
}
