// Pages that are drawn on a thread of their own: the same ones, while the event loop goes on.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import { inspectRows } from "../../../src/data/inspection.js";
import { evaluationDetails } from "../../../src/evaluation/details.js";
import { drawEvaluationPage } from "../../../src/report/evaluation-page.js";
import { drawInspectionPage } from "../../../src/report/inspection-page.js";
import { evaluationPage, inspectionPage, runPage } from "../../../src/report/render.js";
import type { RunFacts } from "../../../src/report/run-facts.js";

const labelNames = ["a", "b"];

function datasetOf(source: string, rows: number): Dataset {
  const texts = Array.from({ length: rows }, (_, row) => `${source} ${row}`);
  const labels = Float32Array.from({ length: rows * labelNames.length }, (_, i) => Number(i % 3 === 0));
  return { source, texts, labelNames, labels };
}

const training = datasetOf("training", 600);
const validation = {
  ...datasetOf("validation", 300),
  lines: Int32Array.from({ length: 300 }, (_, i) => i + 2),
};
/** Wrong about the last row, and sure of it. */
const logits = validation.labels.map((label, i) => (i >= 598 ? 8 : 1) * (label > 0.5 !== i >= 598 ? 1 : -1));
const facts: RunFacts = {
  ...({ trainedEpochs: 1, plannedEpochs: 1, keptEpoch: 1, keep: "best" } as const),
  ...({ patience: 0, bestMetric: "microF1", objectiveName: "cross-entropy" } as const),
  ...{ testRows: 0, isPlainCrossEntropy: true, byCombinations: false },
  model: "m",
  trainingRows: 600,
  validationRows: 300,
  parameters: 1,
  options: { epochs: 1 },
  steps: { step: Int32Array.of(1), loss: Float64Array.of(0.5), learningRate: Float64Array.of(1e-5) },
  resumedAfter: [],
  epochs: [{ epoch: 1, trainingLoss: 0.5, best: true, kept: true, seconds: 1 }],
  validation: {
    logits,
    labels: validation.labels,
    origin: Int32Array.from({ length: 300 }, (_, i) => i),
  },
};

it("are the same as those drawn here", async () => {
  const inspection = inspectRows(training, null);
  expect(await inspectionPage(inspection)).toBe(await drawInspectionPage(inspection));
  const details = evaluationDetails({ logits }, validation.labels, labelNames);
  const report = { model: "m", data: "d", details, mistakes: [] };
  expect(await evaluationPage(report)).toBe(await drawEvaluationPage(report));
});

it("know the texts of both tables of a run", async () => {
  const page = await runPage(facts, { training, validation });
  expect(page).toMatch(/<th scope="row">line 301<\/th>.*validation 299<\/td>/);
  expect(page).toMatch(/<th scope="row">words<\/th><td>2\.0<\/td>/);
});

it("know the texts of the one table that both kinds of rows are of", async () => {
  const page = await runPage(facts, { training: validation, validation });
  expect(page).toContain("validation 299</td>");
});

it("do not hold the event loop", async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await runPage(facts, { training, validation });
  delay.disable();
  // Drawn here, nearly all of the time would be one delay. How long both are depends on who else is busy.
  expect(delay.max / 1e6).toBeLessThan((performance.now() - start) / 2);
});

it("end with the error of texts that cannot be read", async () => {
  const texts = Object.assign(Object.create(training.texts as object), {
    *[Symbol.iterator]() {
      yield "one";
      throw new Error("no more texts");
    },
  });
  await expect(runPage(facts, { training: { ...training, texts }, validation })).rejects.toThrow(
    "no more texts",
  );
});

it("end with an error where nothing can be drawn", async () => {
  const report = { model: "m", data: "d", details: {} as never, mistakes: [] };
  await expect(evaluationPage(report)).rejects.toMatchObject({ code: "INTERNAL" });
});
