import { expect, it } from "vitest";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { tune } from "../../../src/evaluation/tuning.js";
import { cardMark } from "../../../src/model/file-names.js";
import { cardWithTuning, modelCard } from "../../../src/report/card.js";

const labels = ["a|b", "<script>", "---\nlicense: mit"];
const facts = {
  name: "my: *model*",
  labels,
  baseModel: "google-bert/bert-base-uncased",
  data: "train.csv",
  trainingRows: 100,
  epochs: 3,
  learningRate: 2e-5,
  batchSize: 32,
  maxLength: 128,
  validation: evaluate(
    { probabilities: Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.7, 0.1) },
    Float32Array.of(1, 0, 1, 0, 1, 1),
    labels,
  ),
};

/** The metadata: YAML with a JSON value on each line. */
function metadataOf(card: string): Record<string, unknown> {
  const [, head] = /^---\n(.*?)\n---\n/s.exec(card)!;
  return Object.fromEntries(
    head!.split("\n").map((line) => [line.split(": ")[0]!, JSON.parse(line.slice(line.indexOf(": ") + 2))]),
  );
}

it("has the hub's metadata, whatever the names are", () => {
  expect(metadataOf(modelCard(facts))).toMatchObject({
    pipeline_tag: "text-classification",
    base_model: "google-bert/bert-base-uncased",
    tags: expect.arrayContaining(["multi-label-classification"]),
    "model-index": [
      {
        name: "my: *model*",
        results: [
          {
            task: { type: "text-classification" },
            metrics: expect.arrayContaining([{ type: "f1", name: "micro-F1", value: 0.8571 }]),
          },
        ],
      },
    ],
  });
});

it("says what the labels are, and escapes them", () => {
  const card = modelCard(facts);
  expect(card).toContain(cardMark);
  expect(card).toContain("| a\\|b | 1.000 | 1.000 | 1.000 | 1 |");
  expect(card).toContain("| &lt;script\\> |");
  expect(card.match(/^---$/gm)).toHaveLength(2);
});

it("leaves out what is not known", () => {
  const card = modelCard({ ...facts, baseModel: null, validation: null });
  expect(Object.keys(metadataOf(card))).toEqual(["library_name", "pipeline_tag", "tags"]);
  expect(card).not.toContain("held back");
  expect(card).toContain("| a\\|b |\n");
});

it("gets the figures of tuned thresholds, which the next ones replace", () => {
  const card = modelCard(facts);
  const logits = Float32Array.of(2, -1, 1, -2, 1, -3, 0.5, -1, 2, -1, 0.2, 1);
  const truth = Float32Array.of(1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1);
  const tuning = tune(logits, truth, labels, { folds: 2 });
  const tuned = cardWithTuning(card, tuning, labels, "/home/me/valid.csv");
  expect(tuned).toContain("Tuned on 4 rows of valid.csv");
  const { untuned, tuned: found, crossFitted } = tuning;
  const f1 = [untuned, found, crossFitted!].map(({ micro }) => micro.f1.toFixed(4));
  expect(tuned).toContain(`| micro-F1 | ${f1.join(" | ")} |`);
  expect(tuned).toContain(`| a\\|b | 1.0000 | ${tuning.thresholds[0]!.toFixed(4)} |`);
  const again = cardWithTuning(tuned, tune(logits, truth, labels, { folds: 0 }), labels, "valid.csv");
  expect(again.match(/With the tuned thresholds/g)).toHaveLength(1);
  expect(cardWithTuning(again, null, labels, "")).toBe(card);
  const own = card.replace(cardMark, "mine");
  expect(cardWithTuning(own, tuning, labels, "valid.csv")).toBe(own);
});
