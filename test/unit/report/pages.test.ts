// The pages: complete, self-contained, the same numbers in pictures and tables, and deaf to what texts say.
import { beforeAll, describe, expect, it } from "vitest";
import { inspectRows } from "../../../src/data/inspection.js";
import { type EvaluationDetails, evaluationDetails } from "../../../src/evaluation/details.js";
import { generator } from "../../../src/random.js";
import { drawEvaluationPage } from "../../../src/report/evaluation-page.js";
import { drawInspectionPage, inspectionSections } from "../../../src/report/inspection-page.js";
import { drawTrainingPage } from "../../../src/report/training-page.js";

const hostile = `<img src=x onerror="alert('1')"> & "label"`;
const names = [hostile, "money", "access"];

function judged(rows: number): { details: EvaluationDetails; labels: Float32Array } {
  const random = generator(3, "pages");
  const labels = Float32Array.from({ length: rows * names.length }, () => Number(random.below(4) === 0));
  const logits = labels.map((label) => (label ? 1 : -1) + (random.below(400) - 200) / 80);
  return { details: evaluationDetails({ logits }, labels, names), labels };
}

const { details, labels } = judged(300);
const texts = Array.from({ length: 300 }, (_, i) => `${hostile} ${"word ".repeat(i % 30)}`);
const inspection = inspectRows(
  { source: hostile, texts, labelNames: names, labels },
  { tokenizer: "t", lengths: Int32Array.from(texts, (_, i) => i % 40), maxLengths: [16, 32] },
);
const mistake = { row: 4, label: hostile, probability: 0.9, truth: 0, place: "line 6", text: hostile };

const rightRow = {
  row: 5,
  place: "line 7",
  labels: [{ name: hostile, probability: 0.8765 }],
  text: hostile,
};

async function trainingReport(): Promise<string> {
  const steps = Array.from({ length: 450 }, (_, i) => ({
    step: i + 1,
    loss: 1 / (i + 1),
    learningRate: 1e-5,
  }));
  const epoch = { trainingLoss: 0.4321, validation: details.metrics, seconds: 1 };
  return await drawTrainingPage({
    model: hostile,
    data: hostile,
    trainingRows: 270,
    validationRows: 30,
    parameters: 1e6,
    options: { text: hostile, epochs: 2 },
    steps,
    epochs: [
      { epoch: 1, best: true, ...epoch },
      { epoch: 2, best: false, ...epoch },
    ],
    validation: { details, mistakes: [mistake], examples: [rightRow] },
    dataSections: await inspectionSections(inspection),
  });
}

/** Texts of the cells of a table, row by row. */
function tableOf(page: string, caption: string): string[][] {
  const table = new RegExp(`aria-label="${caption}"><table[^>]*>(.*?)</table>`, "s").exec(page)![1]!;
  return [...table.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row]) =>
    [...row!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => cell!),
  );
}

const pages: Record<string, string> = {};
beforeAll(async () => {
  pages.evaluation = await drawEvaluationPage({
    model: hostile,
    data: hostile,
    details,
    mistakes: [mistake],
    examples: [rightRow],
  });
  pages.inspection = await drawInspectionPage(inspection);
  pages.training = await trainingReport();
});

describe.each(["evaluation", "inspection", "training"])("the page of a %s", (kind) => {
  it("shows texts and names, and never obeys them", () => {
    expect(pages[kind]).not.toMatch(/<img|<script|<iframe/i);
    expect(pages[kind]).toContain(
      "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; &quot;label&quot;",
    );
    // Tags have no attribute that runs anything; what stands in quotes is a value.
    for (const [tag] of pages[kind]!.matchAll(/<[a-z][^>]*>/gi)) {
      expect(tag.replace(/"[^"]*"/g, "")).not.toMatch(/\son\w+=|"/i);
    }
    expect(pages[kind]).not.toMatch(/(href|src)="javascript:/i);
  });

  it("needs nothing from elsewhere", () => {
    const addresses = [...pages[kind]!.matchAll(/(?:src|href|url)\s*[=(]\s*"?([^"\s)>]+)/g)].map(
      ([, to]) => to!,
    );
    const outside = addresses.filter((to) => !to.startsWith("#") && to !== "x");
    expect(outside).toEqual([]);
    expect(pages[kind]).toContain("default-src 'none'");
  });

  it("describes every picture, and has its numbers as a table", () => {
    const page = pages[kind]!;
    const pictures = [...page.matchAll(/<figure.*?<\/figure>/gs)].map(([picture]) => picture);
    expect(pictures.length).toBeGreaterThan(3);
    for (const picture of pictures) {
      expect(picture).toMatch(/role="img" aria-label="[^"]{10,}"/);
      expect(picture).toMatch(/<svg [^>]*viewBox/);
      expect(picture.match(/<tr>/g)!.length).toBeGreaterThan(1);
    }
    // Links lead to sections, and identifiers are there once.
    const ids = [...page.matchAll(/ id="(s\d+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...page.matchAll(/href="#(s\d+)"/g)].map(([, id]) => id)).toEqual(ids);
  });

  it("knows the dark, paper and phones", () => {
    for (const rule of ["prefers-color-scheme: dark", "@media print", "width=device-width"]) {
      expect(pages[kind]).toContain(rule);
    }
    // Pictures take their colours from the page.
    for (const [, svg] of pages[kind]!.matchAll(/(<svg.*?<\/svg>)/gs))
      expect(svg).not.toMatch(/#[0-9a-f]{3,6}\b/i);
  });
});

it("the table of labels has the metrics", () => {
  const rows = tableOf(pages.evaluation!, "Metrics of each label");
  expect(rows).toHaveLength(1 + names.length + 4);
  for (const [i, label] of details.metrics.labels.entries()) {
    expect(rows[i + 1]!.slice(1, 5)).toEqual([
      String(label.support),
      ...[label.precision, label.recall, label.f1].map((value) => value.toFixed(3)),
    ]);
  }
});

it("the table of a picture has the points of its curves", () => {
  const rows = tableOf(pages.evaluation!, "Precision and recall").slice(1);
  const money = rows.filter(([name]) => name === "money").map(([, x, y]) => [Number(x), Number(y)]);
  const curve = details.labels[1]!.curve;
  expect(money).toHaveLength(curve.length);
  for (const [i, { recall, precision }] of curve.entries()) {
    expect(money[i]![0]).toBeCloseTo(recall, 3);
    expect(money[i]![1]).toBeCloseTo(precision, 3);
  }
  const pairs = tableOf(pages.evaluation!, "Labels that are set together").slice(1);
  expect(pairs.map((row) => row.slice(1).map(Number))).toEqual(details.pairs.together);
});

it("shows mistakes and right decisions with their texts", () => {
  const [, wrong] = tableOf(pages.evaluation!, "Worst mistakes");
  expect([wrong![0], ...wrong!.slice(2, 4)]).toEqual(["line 6", "0.900", "0"]);
  const [, right] = tableOf(pages.evaluation!, "Right decisions");
  expect(right![0]).toBe("line 7");
  expect(right![1]).toMatch(/^&lt;img.* 0\.876$/);
});

it("a run without validation rows has its losses, and nothing about metrics", async () => {
  const page = await drawTrainingPage({
    model: "m",
    data: "d",
    trainingRows: 3,
    validationRows: 0,
    parameters: 10,
    options: {},
    steps: [{ step: 1, loss: 0.5, learningRate: 1e-5 }],
    epochs: [{ epoch: 1, trainingLoss: 0.5, best: true, seconds: 1 }],
    dataSections: [],
  });
  expect(tableOf(page, "Epochs")[1]!.slice(1, 3)).toEqual(["0.5000", "–"]);
  expect(page).not.toMatch(/Metrics on the validation rows|Worst mistakes/);
});
