// The pages: complete, self-contained, the same numbers in pictures and tables, and deaf to what texts say.
import { beforeAll, describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { inspectRows } from "../../../src/data/inspection.js";
import { type EvaluationDetails, evaluationDetails } from "../../../src/evaluation/details.js";
import { drawEvaluationPage } from "../../../src/report/evaluation-page.js";
import { drawInspectionPage, inspectionSections } from "../../../src/report/inspection-page.js";
import { drawTrainingPage } from "../../../src/report/training-page.js";

const hostile = `<img src=x onerror="alert('1')"> & "label"`;
const escapedHostile = "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; &quot;label&quot;";
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
  {
    tokenizer: "t",
    lengths: Int32Array.from(texts, (_, i) => i % 40),
    maxLengths: [16, 32],
    modelLength: 512,
  },
);
const mistake = { row: 4, label: hostile, probability: 0.9, truth: 0, place: "line 6", text: hostile };

const rightRow = {
  row: 5,
  place: "line 7",
  labels: [{ name: hostile, probability: 0.8765 }],
  text: hostile,
};

const choice = {
  ...({
    trainedEpochs: 2,
    plannedEpochs: 2,
    keptEpoch: 2,
    keep: "last",
    patience: 0,
    bestMetric: "microF1",
  } as const),
  ...{ testRows: 20, objectiveName: "focal loss", isPlainCrossEntropy: false, byCombinations: false },
} satisfies Partial<Parameters<typeof drawTrainingPage>[0]>;
const intervals = {
  ...{ confidence: 0.95, samples: 1000, clusters: 20 },
  figures: { ...figuresOf(0.5), macroRocAuc: null },
  labels: names.map((name) => ({
    ...{ name, value: 0.4, low: 0.3, high: 0.6, positives: 12, fewPositives: false },
  })),
};

function figuresOf(value: number) {
  const interval = { value, low: value - 0.1234, high: value + 0.1234, fewPositives: false };
  const own = { microF1: interval, macroF1: interval, weightedF1: interval, samplesF1: interval };
  return { ...own, subsetAccuracy: interval, hammingLoss: interval, macroAveragePrecision: interval };
}

async function trainingReport(
  changes: Partial<Parameters<typeof drawTrainingPage>[0]> = {},
): Promise<string> {
  const steps = Array.from({ length: 450 }, (_, i) => ({
    step: i + 1,
    loss: 1 / (i + 1),
    learningRate: 1e-5,
  }));
  const epoch = { trainingLoss: 0.4321, objective: 0.4567, validation: details.metrics, seconds: 1 };
  return await drawTrainingPage({
    ...choice,
    model: hostile,
    data: hostile,
    trainingRows: 270,
    validationRows: 30,
    parameters: 1e6,
    options: { text: hostile, epochs: 2 },
    steps,
    resumedAfter: [],
    epochs: [
      { epoch: 1, best: true, kept: true, ...epoch },
      { epoch: 2, best: false, kept: false, ...epoch },
    ],
    validation: { details, mistakes: [mistake], examples: [rightRow] },
    test: { metrics: details.metrics, intervals },
    ...changes,
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
    expect(pages[kind]).toContain(escapedHostile);
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

interface Picture {
  readonly title: string;
  /** Cells of its table. */
  readonly rows: readonly (readonly string[])[];
  readonly marks: Marks;
}

interface Marks {
  /** Corners of lines. */
  readonly corners: number;
  /** Bars and cells. */
  readonly boxes: number;
}

function picturesOf(page: string): Picture[] {
  return [...page.matchAll(/<figure.*?<\/figure>/gs)].map(([figure]) => {
    const title = /<figcaption><b>(.*?)<\/b>/.exec(figure)![1]!;
    return { title, rows: tableOf(figure, title).slice(1), marks: marksOf(figure) };
  });
}

function marksOf(figure: string): Marks {
  const paths = (kinds: string) => {
    const groups = figure.matchAll(new RegExp(`role-mark (?:${kinds})"[^>]*>(.*?)</g>`, "gs"));
    return [...groups].flatMap(([, group]) =>
      [...group!.matchAll(/<path [^>]*?\bd="([^"]*)"/g)].map(([, path]) => path!),
    );
  };
  return {
    corners: paths("lines").join("").match(/[ML]/g)?.length ?? 0,
    boxes: paths("bars|bins|cells").length,
  };
}

type Cells = readonly (string | number | null)[];

const { metrics, micro, labels: curves, pairs } = details;
const byPositives = [...inspection.labels].sort((a, b) => b.positives - a.positives);
const bySupport = [...metrics.labels].sort((a, b) => b.support - a.support);
const curvesBySupport = bySupport.map(({ name }) => curves.find((label) => label.name === name)!);
const ofEach = (points: (label: (typeof curves)[number]) => readonly Cells[]) =>
  curvesBySupport.flatMap((label) => points(label).map((point) => [label.name, ...point]));
const reliability = (name: string, bins: typeof micro.reliability) =>
  bins
    .filter(({ count }) => count > 0)
    .map(({ meanProbability, positiveShare, count }) => [name, meanProbability, positiveShare, count]);
const lengths = ({ histogram }: typeof inspection.words) =>
  histogram.map(({ rows }) => ["", rows] satisfies Cells);
const square = (values: readonly (readonly (number | null)[])[]) =>
  values.map((row, i) => [names[i]!, ...row]);

/** What each picture of a run shows, taken from the data and not from the page; a blank is not compared. */
const shown: [title: string, rows: readonly Cells[]][] = [
  [
    "What the training minimises",
    [
      ...[1, 2].map((epoch) => ["training", epoch, 0.4321]),
      ...[1, 2].map((epoch) => ["validation", epoch, 0.4567]),
    ],
  ],
  ["Cross-entropy on the validation rows", [1, 2].map((epoch) => ["cross-entropy", epoch, metrics.loss])],
  [
    "Metrics on the validation rows",
    (
      [
        ["micro-F1", metrics.micro.f1],
        ["macro-F1", metrics.macro.f1],
        ["subset accuracy", metrics.subsetAccuracy],
        ["macro ROC AUC", metrics.macro.rocAuc],
      ] as const
    ).flatMap(([name, value]) => [1, 2].map((epoch) => [name, epoch, value])),
  ],
  // Of 450 steps, three are one point.
  [
    "Loss of each step",
    Array.from({ length: 150 }, (_, i) => [
      "loss",
      3 * i + 2,
      (1 / (3 * i + 1) + 1 / (3 * i + 2) + 1 / (3 * i + 3)) / 3,
    ]),
  ],
  ["Learning rate", Array.from({ length: 150 }, (_, i) => ["learning rate", 3 * i + 2, 1e-5])],
  ["F1 of each label", bySupport.map(({ name, f1 }) => [name, f1])],
  [
    "How the decisions came out",
    bySupport.map(({ name, truePositives, falseNegatives, falsePositives }) => [
      name,
      truePositives,
      falseNegatives,
      falsePositives,
    ]),
  ],
  [
    "Precision and recall",
    [
      ...ofEach(({ curve }) => curve.map(({ recall, precision }) => [recall, precision])),
      ...micro.curve.map(({ recall, precision }) => ["all labels", recall, precision]),
    ],
  ],
  [
    "ROC",
    [
      ...ofEach(({ curve }) => curve.map(({ falsePositiveRate, recall }) => [falsePositiveRate, recall])),
      ...micro.curve.map(({ falsePositiveRate, recall }) => ["all labels", falsePositiveRate, recall]),
    ],
  ],
  ["Reliability", reliability("all labels", micro.reliability)],
  ["Where the probabilities lie", micro.reliability.map(({ count }) => ["", count])],
  ["Reliability", curvesBySupport.flatMap(({ name, reliability: bins }) => reliability(name, bins))],
  [
    "One threshold for all labels",
    (["precision", "recall", "f1"] as const).flatMap((figure) =>
      micro.thresholdCurve.map((point) => [figure === "f1" ? "F1" : figure, point.threshold, point[figure]]),
    ),
  ],
  [
    "A threshold for each label",
    ofEach(({ thresholdCurve }) => thresholdCurve.map(({ threshold, f1 }) => [threshold, f1])),
  ],
  ["Labels that are set together", square(pairs.together)],
  [
    "Labels that are taken for others",
    square(pairs.mistakenFor.map((row, i) => row.map((value, j) => (i === j ? null : value)))),
  ],
  ["Rows of each label", byPositives.map(({ name, positives }) => [name, positives])],
  ["Rows in which two labels are set", square(inspection.cooccurrence)],
  ["Lengths in words", lengths(inspection.words)],
  ["Lengths in characters", lengths(inspection.characters)],
  ["Lengths in tokens", lengths(inspection.tokens!)],
];

const linePictures = new Set([
  "What the training minimises",
  "Cross-entropy on the validation rows",
  "Metrics on the validation rows",
  "Loss of each step",
  "Learning rate",
  "Precision and recall",
  "ROC",
  "Reliability",
  "One threshold for all labels",
  "A threshold for each label",
]);

describe("a run's pictures", () => {
  it("are all of them, each once, in the order of the page", () => {
    expect(picturesOf(pages.training!).map(({ title }) => title)).toEqual(shown.map(([title]) => title));
  });

  it.each(shown.map(([title, rows], i) => ({ title, rows, i })))(
    "carry their data: $title",
    ({ rows, i }) => {
      const picture = picturesOf(pages.training!)[i]!;
      expect(picture.rows).toHaveLength(rows.length);
      for (const [place, row] of rows.entries()) {
        for (const [column, value] of row.entries()) {
          const cell = picture.rows[place]![column]!;
          if (typeof value === "number") expect(Number(cell)).toBeCloseTo(value, 3);
          else if (value === null) expect(cell).toBe("");
          else if (value !== "") expect(cell).toBe(value === hostile ? escapedHostile : value);
        }
      }
      const numbers = rows.flatMap((row) => row.slice(1).filter((value) => typeof value === "number"));
      const expected = linePictures.has(picture.title)
        ? { corners: rows.length, boxes: 0 }
        : { corners: 0, boxes: numbers.length };
      expect(picture.marks).toEqual(expected);
    },
  );
});

describe("calibration", () => {
  it("stands beside what perfect probabilities would have, for all labels and for each", () => {
    const rows = tableOf(pages.evaluation!, "Metrics of each label");
    expect(rows[0]!.slice(7, 9)).toEqual(["calibration error", "by chance"]);
    for (const [i, label] of details.metrics.labels.entries()) {
      expect(rows[i + 1]!.slice(7, 9)).toEqual([
        label.calibrationError!.toFixed(3),
        label.chanceCalibrationError!.toFixed(3),
      ]);
    }
    expect(pages.evaluation).toContain(
      `perfectly calibrated probabilities would have ${metrics.chanceCalibrationError!.toFixed(4)} on as many`,
    );
  });

  it("is drawn with the counts", () => {
    const [all] = pages
      .evaluation!.match(/<figure.*?<\/figure>/gs)!
      .filter((one) => one.includes("<b>Reliability"));
    const drawn = [...all!.matchAll(/role-mark counts.*?<\/g>/gs)].flatMap(([marks]) =>
      [...marks.matchAll(/<text[^>]*>([\d,]+)<\/text>/g)].map(([, count]) => Number(count!.replace(",", ""))),
    );
    expect(drawn).toEqual(micro.reliability.map(({ count }) => count).filter((count) => count > 0));
  });

  it("takes only colours that the page has", () => {
    const known = new Set(Array.from(pages.evaluation!.matchAll(/(--[a-z0-9]+):/g), ([, name]) => name));
    const svgs = pages.evaluation!.match(/<svg.*?<\/svg>/gs)!.join("");
    const used = Array.from(svgs.matchAll(/var\((--[a-z0-9]+)[,)]/g), ([, name]) => name);
    expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
  });
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
    ...choice,
    testRows: 0,
    isPlainCrossEntropy: true,
    objectiveName: "cross-entropy",
    model: "m",
    data: "d",
    trainingRows: 3,
    validationRows: 0,
    parameters: 10,
    options: {},
    steps: [{ step: 1, loss: 0.5, learningRate: 1e-5 }],
    resumedAfter: [],
    epochs: [{ epoch: 1, trainingLoss: 0.5, best: false, kept: true, seconds: 1 }],
    dataSections: [],
  });
  expect(tableOf(page, "Epochs")[1]!.slice(1, 3)).toEqual(["0.5000", "–"]);
  expect(page).not.toMatch(/Metrics on the validation rows|Worst mistakes/);
});

describe("the page of a training", () => {
  it("marks the epoch that is kept and the best one, which may be two", async () => {
    const rows = tableOf(pages.training!, "Epochs");
    expect(rows.slice(1).map(([epoch]) => epoch)).toEqual(["1 (best micro-F1)", "2 (kept)"]);
    expect(pages.training).not.toMatch(/best so far|best epoch/);
    expect(pages.training).toContain("The weights are those of epoch 2 of 2 trained, the last one.");
    const best = await trainingReport({ keep: "best", keptEpoch: 1 });
    expect(
      tableOf(best, "Epochs")
        .slice(1)
        .map(([epoch]) => epoch),
    ).toEqual(["1 (best micro-F1, kept)", "2"]);
    expect(best).toContain("The epoch was chosen on these very rows");
  });

  it("names every loss, and compares none with another", async () => {
    expect(tableOf(pages.training!, "Epochs")[0]!.slice(1, 4)).toEqual([
      "training objective",
      "validation objective",
      "validation cross-entropy",
    ]);
    expect(pages.training).toContain("The objective is what the training minimises: focal loss.");
    expect(pages.training).not.toMatch(/rises while|learns? (its rows )?by heart/);
    const plain = await trainingReport({ isPlainCrossEntropy: true, objectiveName: "cross-entropy" });
    expect(tableOf(plain, "Epochs")[0]!.slice(1, 4)).toEqual([
      "training cross-entropy",
      "validation cross-entropy",
      "micro-F1",
    ]);
    expect(plain).not.toContain("Cross-entropy on the validation rows");
  });

  it("calls only the figures of test rows the model's, with their intervals", async () => {
    const figures = tableOf(pages.training!, "The model&#39;s figures");
    expect(figures[1]).toEqual(["micro-F1", "0.500", "0.377 to 0.623"]);
    expect(figures).toContainEqual(["macro ROC AUC", "–", "–"]);
    const perLabel = tableOf(pages.training!, "The model&#39;s figures for each label");
    expect(perLabel[2]!.slice(-1)).toEqual(["0.300 to 0.600"]);
    const untested = await trainingReport({ testRows: 0, test: undefined });
    expect(untested).not.toContain("The model&#39;s figures");
    expect(untested).toContain("No row judged the finished model");
  });

  it("says where its validation rows came from, and when they are easier than all rows", async () => {
    expect(pages.training).toContain("on 30 rows that were held back from training; a label counts as given");
    expect(pages.training).not.toContain("0.01 to 0.05");
    const biased = await trainingReport({ byCombinations: true });
    expect(biased.match(/too good, by 0\.01 to 0\.05/g)).toHaveLength(2);
    const own = await trainingReport({ validationData: "valid.csv", byCombinations: true, test: undefined });
    expect(own).toContain("on 30 rows of valid.csv;");
    expect(own).not.toContain("0.01 to 0.05");
  });
});
