import { expect, it } from "vitest";
import { evaluate } from "../../src/evaluation/metrics.js";
import { type CardFacts, modelCard } from "../../src/report/card.js";
import { runPython } from "./python.js";

it("huggingface_hub reads the metadata and figures of a model card, whatever the names are", () => {
  const labels = ["yes", "no: *maybe*"];
  const logits = Float32Array.of(3, -3, -1, 2, 2, -2, -3, -1);
  const validation = evaluate({ logits }, Float32Array.of(1, 0, 0, 1, 1, 1, 0, 0), labels);
  const facts: Omit<CardFacts, "name" | "data" | "baseModel" | "validation"> = {
    labels,
    trainingRows: 100,
    torchScript: false,
    objective: "cross-entropy",
    ...{ trainedEpochs: 3, plannedEpochs: 3, keptEpoch: 3, keep: "best", patience: 0, bestMetric: "microF1" },
    ...{ validationRows: 4, byCombinations: false, test: null },
    learningRate: 2e-5,
    batchSize: 32,
    maxLength: 128,
  };
  const names = [
    { name: "toxic", data: "train.csv", baseModel: "google-bert/bert-base-uncased" },
    { name: 'a "name": #1 - [x]', data: "日本語\t{}.csv", baseModel: null },
  ];
  const cards = names.map((own) =>
    modelCard({ ...facts, ...own, validation: { data: own.data, heldBack: true, metrics: validation } }),
  );
  const figures = [
    { name: "micro-F1", type: "f1", value: validation.micro.f1 },
    { name: "macro-F1", type: "f1", value: validation.macro.f1 },
    { name: "subset accuracy", type: "accuracy", value: validation.subsetAccuracy },
    { name: "macro ROC AUC", type: "roc_auc", value: validation.macro.rocAuc! },
  ];
  const expected = names.map(({ name, data, baseModel }) => ({
    baseModel,
    tags: ["tagformer", "multi-label-classification"],
    modelName: name,
    results: figures.map((figure) => ({ ...figure, data, value: Number(figure.value.toFixed(4)) })),
  }));
  const bare = modelCard({ ...facts, ...names[0]!, validation: null });
  expect(runPython("model_card.py", [...cards, bare])).toEqual([
    ...expected,
    { ...expected[0]!, modelName: null, results: [] },
  ]);
});
