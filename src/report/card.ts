// The model card: README.md with the metadata that the Hugging Face hub reads.
import { describeConvention } from "../evaluation/conventions.js";
import type { Hierarchy } from "../evaluation/hierarchy.js";
import type { TestFigures } from "../evaluation/jobs.js";
import type { Evaluation } from "../evaluation/metrics.js";
import { cardMark } from "../model/file-names.js";
import { usage } from "./card-usage.js";
import { combinationsCaveat, describeKept, type EpochChoice, validationCaveat } from "./choices.js";
import { intervalText } from "./interval-text.js";
import { markdownTable, markdownText as text } from "./markdown.js";

/** Rows that a model was judged on. */
interface JudgedOn {
  /** Name of their table, without the path to it. */
  readonly data: string;
  /** Whether they were held back from the training table; otherwise they are a table of their own. */
  readonly heldBack: boolean;
}

/** What a model card is written from. */
export interface CardFacts extends EpochChoice {
  /** Name of the model, such as its directory's. */
  readonly name: string;
  /** The labels, in the model's order. */
  readonly labels: readonly string[];
  /** The model it was trained from: a name on the hub, or `null` when it was a directory or a fresh one. */
  readonly baseModel: string | null;
  /** Whether the model is a TorchScript module. */
  readonly torchScript: boolean;
  /** The label above each label that stands below one. */
  readonly hierarchy?: Hierarchy | undefined;
  /** Name of the training table, without the path to it. */
  readonly data: string;
  readonly trainingRows: number;
  /** What the training minimises, in words. */
  readonly objective: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly maxLength: number;
  /** Whether rows were held back by combinations of labels. */
  readonly byCombinations: boolean;
  /** On the rows by which the epoch was chosen; `null` when there are none. */
  readonly validation: (JudgedOn & { readonly metrics: Evaluation }) | null;
  /** On rows by which nothing was chosen; `null` when there are none. */
  readonly test: (JudgedOn & TestFigures) | null;
}

/** The content of README.md. */
export function modelCard(facts: CardFacts): string {
  return `---\n${metadata(facts)}---\n\n${cardMark}\n\n${body(facts)}`;
}

/** YAML; every value is written as JSON, which YAML is a superset of, so that no name can be read as anything else. */
function metadata(facts: CardFacts): string {
  const results = modelIndex(facts);
  const fields: [string, unknown][] = [
    ["library_name", "transformers"],
    ["pipeline_tag", "text-classification"],
    ["tags", ["tagformer", "multi-label-classification"]],
    ...(facts.baseModel === null ? [] : ([["base_model", facts.baseModel]] as [string, unknown][])),
    ...(results ? ([["metrics", ["f1", "accuracy", "roc_auc"]]] as [string, unknown][]) : []),
    ...(results ? ([["model-index", results]] as [string, unknown][]) : []),
  ];
  return fields.map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`).join("");
}

/** The figures of the test rows where there are some: only they are the model's. */
function modelIndex({ name, validation, test }: CardFacts): unknown {
  const judged = test ?? validation;
  if (!judged) return null;
  const { micro, macro, subsetAccuracy } = judged.metrics;
  const figures: [type: string, name: string, value: number | null][] = [
    ["f1", "micro-F1", micro.f1],
    ["f1", "macro-F1", macro.f1],
    ["accuracy", "subset accuracy", subsetAccuracy],
    ["roc_auc", "macro ROC AUC", macro.rocAuc],
  ];
  const metrics = figures
    .filter(([, , value]) => value !== null)
    .map(([type, title, value]) => ({ type, name: title, value: Number(value!.toFixed(4)) }));
  const task = { type: "text-classification", name: "Multi-label text classification" };
  const dataset = { type: "tagformer", name: judged.data, split: test ? "test" : "validation" };
  return [{ name, results: [{ task, dataset, metrics }] }];
}

function body(facts: CardFacts): string {
  const { name, validation, test } = facts;
  const from = facts.baseModel === null ? "" : `, fine-tuned from ${text(facts.baseModel)}`;
  const parts = [
    `# ${text(name)}`,
    `A multi-label text classifier${from}: every label gets a probability of its own, the sigmoid of its logit.`,
    training(facts),
    ...(test ? testSection(facts, test) : []),
    ...(validation ? validationSection(facts, validation) : []),
    ...(test || validation
      ? []
      : [
          "## Labels",
          markdownTable(
            ["label"],
            facts.labels.map((label) => [text(label)]),
          ),
        ]),
    ...hierarchySection(facts),
    "## Use",
    usage(facts.torchScript),
  ];
  return `${parts.join("\n\n")}\n`;
}

function training(facts: CardFacts): string {
  const { trainingRows, data, objective, learningRate, batchSize, maxLength } = facts;
  return `Trained with tagformer on ${trainingRows} rows of ${text(data)}. The weights are those of ${describeKept(facts)}. The training minimised ${objective}, with a learning rate of ${learningRate}, batches of ${batchSize} and texts of up to ${maxLength} tokens.`;
}

function testSection(facts: CardFacts, test: NonNullable<CardFacts["test"]>): string[] {
  const { metrics, intervals } = test;
  const share = `${100 * intervals.confidence}`;
  return [
    "## The model's figures, on test rows",
    `On ${metrics.rows} ${rowsOf(test)}, by which neither the weights nor the epoch${isTunable(facts)} was chosen. A label counts as given when its probability is above 0.5. In brackets: ${share} % confidence intervals; a star marks what rests on a label with fewer than ten positives.`,
    ...(facts.byCombinations && test.heldBack ? [combinationsCaveat] : []),
    markdownTable(
      ["metric", "value"],
      [
        ["micro-F1", intervalText(intervals.figures.microF1)],
        ["macro-F1", intervalText(intervals.figures.macroF1)],
        ["subset accuracy", intervalText(intervals.figures.subsetAccuracy)],
        ["Hamming loss", intervalText(intervals.figures.hammingLoss)],
        ["macro ROC AUC", intervalText(intervals.figures.macroRocAuc)],
        ["cross-entropy", figure(metrics.loss)],
      ],
    ),
    labelTable(metrics, (_, i) => intervalText(intervals.labels[i] ?? null)),
    ...conventionsOf(metrics),
  ];
}

/** Thresholds are tuned on validation rows, so test rows have no part in that either. */
function isTunable({ validationRows }: CardFacts): string {
  return validationRows > 0 ? " nor a threshold" : "";
}

function validationSection(facts: CardFacts, validation: NonNullable<CardFacts["validation"]>): string[] {
  const { metrics } = validation;
  return [
    "## On the validation rows",
    `On ${metrics.rows} ${rowsOf(validation)}. A label counts as given when its probability is above 0.5. ${validationCaveat(facts)}`,
    ...(facts.byCombinations && validation.heldBack ? [combinationsCaveat] : []),
    markdownTable(
      ["metric", "value"],
      [
        ["micro-F1", figure(metrics.micro.f1)],
        ["macro-F1", figure(metrics.macro.f1)],
        ["subset accuracy", figure(metrics.subsetAccuracy)],
        ["Hamming loss", figure(metrics.hammingLoss)],
        ["macro ROC AUC", figure(metrics.macro.rocAuc)],
        ["cross-entropy", figure(metrics.loss)],
      ],
    ),
    labelTable(metrics, ({ f1 }) => f1.toFixed(3)),
    ...conventionsOf(metrics),
  ];
}

function rowsOf({ data, heldBack }: JudgedOn): string {
  return heldBack
    ? `rows of ${text(data)} that were held back from training`
    : `rows of ${text(data)}, a table of its own`;
}

function labelTable(
  { labels }: Evaluation,
  f1: (label: Evaluation["labels"][number], i: number) => string,
): string {
  return markdownTable(
    ["label", "precision", "recall", "F1", "support"],
    labels.map((label, i) => [
      text(label.name),
      label.precision.toFixed(3),
      label.recall.toFixed(3),
      f1(label, i),
      String(label.support),
    ]),
  );
}

/** Programs that read the scores alone must be told. */
function hierarchySection({ hierarchy }: CardFacts): string[] {
  const pairs = Object.entries(hierarchy ?? {});
  if (pairs.length === 0) return [];
  return [
    "## Labels below others",
    "A label is given only together with the one above it. The figures at 0.5 above count each label by itself.",
    markdownTable(
      ["label", "stands below"],
      pairs.map(([lower, upper]) => [text(lower), text(upper)]),
    ),
  ];
}

/** What stands in the tables although it is a division by zero. */
function conventionsOf({ conventions }: Evaluation): string[] {
  const shown = conventions.filter(({ of, figure }) => of === "labels" && shownFigures.has(figure));
  if (shown.length === 0) return [];
  return [shown.map((convention) => `- ${text(describeConvention(convention))}`).join("\n")];
}

const shownFigures: ReadonlySet<string> = new Set(["precision", "recall", "f1", "rocAuc"]);

function figure(value: number | null | undefined): string {
  return value?.toFixed(4) ?? "–";
}
