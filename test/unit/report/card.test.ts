import { describe, expect, it } from "vitest";
import { confidenceIntervals } from "../../../src/evaluation/bootstrap.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { tune } from "../../../src/evaluation/tuning.js";
import { cardMark } from "../../../src/model/file-names.js";
import { type CardFacts, modelCard } from "../../../src/report/card.js";
import { cardWithTuning } from "../../../src/report/card-tuning.js";

const labels = ["a|b", "<script>", "---\nlicense: mit"];
const scores = { probabilities: Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.7, 0.1) };
const truth = Float32Array.of(1, 0, 1, 0, 1, 1);
const metrics = evaluate(scores, truth, labels);
const heldBack = { data: "train.csv", heldBack: true };
const facts: CardFacts = {
  name: "my: *model*",
  labels,
  baseModel: "google-bert/bert-base-uncased",
  torchScript: false,
  data: "train.csv",
  trainingRows: 100,
  objective: "focal loss",
  trainedEpochs: 4,
  plannedEpochs: 5,
  keptEpoch: 2,
  keep: "best",
  patience: 2,
  bestMetric: "macroF1",
  validationRows: 2,
  byCombinations: false,
  learningRate: 2e-5,
  batchSize: 32,
  maxLength: 128,
  validation: { ...heldBack, metrics },
  test: null,
};
const test = {
  ...heldBack,
  metrics: evaluate(scores, Float32Array.of(0, 0, 1, 0, 1, 1), labels),
  intervals: confidenceIntervals(scores, Float32Array.of(0, 0, 1, 0, 1, 1), labels, 0.5, { samples: 100 }),
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
  const card = modelCard({ ...facts, baseModel: null, validation: null, validationRows: 0 });
  expect(Object.keys(metadataOf(card))).toEqual(["library_name", "pipeline_tag", "tags"]);
  expect(card).not.toMatch(/held back|validation rows/);
  expect(card).toContain("| a\\|b |\n");
  expect(card).toContain("epoch 2 of 4 trained (5 were planned), the last one.");
});

it("says how many epochs were trained, which one is kept and why, and what was minimised", () => {
  const card = modelCard(facts);
  expect(card).toContain(
    "The weights are those of epoch 2 of 4 trained (5 were planned), the best by macro-F1 on the validation rows. The training minimised focal loss,",
  );
  const last = modelCard({ ...facts, keep: "last", keptEpoch: 4 });
  expect(last).toContain("epoch 4 of 4 trained (5 were planned), the last one.");
  expect(last).not.toContain("best");
  expect(modelCard({ ...facts, keep: "last-good", keptEpoch: 3 })).toContain(
    "epoch 3 of 4 trained (5 were planned), the last that is not clearly behind the best by macro-F1 on the validation rows.",
  );
  expect(modelCard({ ...facts, trainedEpochs: 0, keptEpoch: undefined })).toContain(
    "stopped before the end of the first epoch",
  );
});

describe("the rows behind the figures", () => {
  it("are named before the table, with the threshold", () => {
    const card = modelCard(facts);
    const place = (text: string) => {
      expect(card).toContain(text);
      return card.indexOf(text);
    };
    const rows = place("On 2 rows of train.csv that were held back from training.");
    const threshold = place("A label counts as given when its probability is above 0.5.");
    const chosen = place("The epoch was chosen on these very rows");
    for (const before of [rows, threshold, chosen]) expect(before).toBeLessThan(place("| metric | value |"));
    expect(place("| metric | value |")).toBeLessThan(place("| label | precision |"));
  });

  it("are those of the validation table where there is one, in the model index too", () => {
    const card = modelCard({ ...facts, validation: { data: "valid_2.csv", heldBack: false, metrics } });
    expect(card).toContain("Trained with tagformer on 100 rows of train.csv.");
    expect(card).toContain("On 2 rows of valid\\_2.csv, a table of its own.");
    expect(card).not.toContain("held back");
    expect(metadataOf(card)["model-index"]).toMatchObject([
      { results: [{ dataset: { name: "valid_2.csv", split: "validation" } }] },
    ]);
  });

  it("are the test rows where there are some: only those are the model's, with intervals", () => {
    const card = modelCard({ ...facts, test });
    expect(card.indexOf("## The model's figures, on test rows")).toBeLessThan(
      card.indexOf("## On the validation rows"),
    );
    // Three positives: an average has no interval, and a mark instead.
    expect(card).toContain(`| micro-F1 | ${test.intervals.figures.microF1!.value.toFixed(4)} * |`);
    const { value, low, high } = test.intervals.figures.subsetAccuracy!;
    const interval = `${value.toFixed(4)} (${low!.toFixed(4)} to ${high!.toFixed(4)})`;
    expect(card).toContain(`| subset accuracy | ${interval} |`);
    expect(card).toContain("by which neither the weights nor the epoch nor a threshold was chosen");
    expect(metadataOf(card)["model-index"]).toMatchObject([
      {
        results: [
          {
            dataset: { name: "train.csv", split: "test" },
            metrics: expect.arrayContaining([
              {
                type: "f1",
                name: "micro-F1",
                value: Number(test.intervals.figures.microF1!.value.toFixed(4)),
              },
            ]),
          },
        ],
      },
    ]);
  });

  it("say when they are easier than all rows", () => {
    expect(modelCard(facts)).not.toContain("too good, by 0.01 to 0.05");
    const card = modelCard({ ...facts, byCombinations: true, test });
    expect(card.match(/held back combination by combination.*too good, by 0\.01 to 0\.05/g)).toHaveLength(2);
    const own = { data: "valid.csv", heldBack: false, metrics };
    expect(modelCard({ ...facts, byCombinations: true, validation: own })).not.toContain("0.01 to 0.05");
  });

  it("did not choose an epoch where none was chosen", () => {
    for (const changes of [
      { keep: "last", patience: 0 },
      { trainedEpochs: 1, plannedEpochs: 1 },
    ] as const) {
      const card = modelCard({ ...facts, ...changes });
      expect(card).toContain("No epoch was chosen on these rows");
      expect(card).not.toContain("very rows");
    }
  });
});

it("has programs for a TorchScript module", () => {
  const card = modelCard({ ...facts, torchScript: true });
  expect(card).toContain('Classifier.load("./model", { trust: true })');
  expect(card).toContain("torch.jit.load");
  expect(card).not.toContain("from transformers");
});

it("says which labels stand below which", () => {
  expect(modelCard({ ...facts, hierarchy: { "<script>": "a|b" } })).toMatch(
    /^\| .*script.* \| .*a\\?\|b.* \|$/m,
  );
  expect(modelCard(facts)).not.toContain("below");
});

describe("a card with tuned thresholds", () => {
  const logits = Float32Array.of(2, -1, 1, -2, 1, -3, 0.5, -1, 2, -1, 0.2, 1);
  const all = Float32Array.of(1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1);
  const tuning = tune(logits, all, labels, { folds: 2 });
  const found = { tuning, labels, source: "/home/me/valid.csv", onValidation: false, test: null };

  it("has their figures, which the next ones replace", () => {
    const card = modelCard(facts);
    const tuned = cardWithTuning(card, found);
    expect(tuned).toContain("Tuned on 4 rows of valid.csv");
    const { untuned, tuned: figures, crossFitted } = tuning;
    const f1 = [untuned, figures, crossFitted!].map(({ micro }) => micro.f1.toFixed(4));
    expect(tuned).toContain(`| micro-F1 | ${f1.join(" | ")} |`);
    expect(tuned).toContain(`| a\\|b | 1.0000 | ${tuning.thresholds[0]!.toFixed(4)} |`);
    const other = { ...found, tuning: tune(logits, all, labels, { folds: 0 }) };
    const again = cardWithTuning(tuned, other);
    expect(again.match(/With the tuned thresholds/g)).toHaveLength(1);
    expect(cardWithTuning(again, null)).toBe(card);
    const own = card.replace(cardMark, "mine");
    expect(cardWithTuning(own, found)).toBe(own);
  });

  it("says by which rows the epoch was chosen, and what the test rows say", () => {
    const card = modelCard(facts);
    expect(cardWithTuning(card, found)).not.toContain("the epoch was chosen on these rows as well");
    const onValidation = cardWithTuning(card, { ...found, onValidation: true, test });
    expect(onValidation).toContain("Tuned on 4 validation rows of valid.csv");
    expect(onValidation).toContain("the epoch was chosen on these rows as well");
    expect(onValidation).toContain("The model's figures with these thresholds are those on the 2 test rows");
    const { value } = test.intervals.figures.macroF1!;
    expect(onValidation).toMatch(new RegExp(`\\| macro-F1 \\|.*\\| ${value.toFixed(4)} \\*`));
  });

  it("says what each label reaches of its target, and which is never given", () => {
    const rare = { targetPrecision: 0.9, folds: 2 } as const;
    const wrong = Float32Array.of(-2, 1, -1, 2, -1, 3, -0.5, 1, -2, 1, -0.2, -1);
    const missed = tune(wrong, all, labels, rare);
    const card = cardWithTuning(modelCard(facts), { ...found, tuning: missed });
    expect(card).toContain("For a precision of 0.9; the chance to miss it");
    expect(card).toContain("| label | cross-fitted precision | cross-fitted recall | chance to miss it |");
    expect(missed.neverGiven.length).toBeGreaterThan(0);
    expect(card).toContain(`Never given on these rows: ${missed.neverGiven.length} of 3 labels`);
  });
});

it("says which figures of its tables a convention decides", () => {
  const none = evaluate({ probabilities: Float32Array.of(0.1, 0.2) }, Float32Array.of(0, 1), ["a\nb", "c"]);
  const card = modelCard({ ...facts, validation: { ...heldBack, metrics: none } });
  expect(card).toContain("- precision of 2 of 2 labels \\(never given\\) counts as 0 by convention: a b, c");
  expect(modelCard({ ...facts, validation: null, validationRows: 0 })).not.toContain("by convention");
});
