// Every public function, and every argument of it in turn, given values of the wrong kind: each is refused with an error for
// people, and none is ignored or taken for something else.
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as tagformer from "../../../src/index.js";
import { finish, temporaryFolder, tinyDataset, tinyRun } from "../training/tiny-run.js";

const wrong: Readonly<Record<string, unknown>> = {
  null: null,
  undefined,
  "a number": 7,
  NaN: Number.NaN,
  "-1": -1,
  "a huge number": 1e300,
  "a bigint": 7n,
  "a text": "x",
  "an empty text": "",
  "half a character": "\ud800",
  true: true,
  "an empty list": [],
  "a list of numbers": [1, 2],
  "a list of null": [null],
  "an empty object": {},
  "a Set": new Set(["x"]),
  "a generator": ["x"].values(),
  "a function": () => "x",
  "a symbol": Symbol("x"),
  "a Float64Array": new Float64Array(2),
};

const data = tinyDataset(40);
const { labels, labelNames } = data;
const logits = labels.map((label) => 4 * label - 2);
const scores = { logits };
const run = { scores, thresholds: 0.5 };
const inspection = () => tagformer.inspectDataset(data);
const splitOf = () => tagformer.stratifiedSplit(data, { fraction: 0.2 });
let model: string;
let classifier: tagformer.Classifier;
beforeAll(async () => {
  model = (await finish(tinyRun({ train: tinyDataset(60), epochs: 1 }))).end.directory;
  classifier = await tagformer.Classifier.load(model, { threads: 1 });
  return () => classifier.dispose();
});

const text = ["a text", "an empty text", "half a character"];
/** Wrong values that are right here, by the argument: what is optional, and what any text or number is. */
interface Subject {
  readonly call: (...parameters: never[]) => unknown;
  /** Right values. */
  readonly right: () => unknown[] | Promise<unknown[]>;
  readonly fine?: Readonly<Record<number, readonly string[]>>;
}
const optional = ["undefined", "an empty object"];
const judging = { 3: ["undefined"], 4: ["undefined"], 5: ["undefined"] };
const counted = { 3: ["a number", "a huge number"], 4: ["undefined"] };

/** Whatever is a path leads into a folder of the test. */
function inFolder(path: string): string {
  return typeof path === "string" && path !== "" ? join(temporaryFolder(), path) : path;
}

async function all(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const subjects: Readonly<Record<string, Subject>> = {
  checkDataset: { call: tagformer.checkDataset, right: () => [data] },
  formatFindings: { call: tagformer.formatFindings, right: () => [tagformer.checkDataset(data)] },
  selectRows: { call: tagformer.selectRows, right: () => [data, Int32Array.of(0)] },
  datasetFromRows: {
    call: tagformer.datasetFromRows,
    right: () => [[{ text: "x", a: 1 }], {}],
    fine: { 1: ["undefined", "an empty object"] },
  },
  clustersOf: { call: tagformer.clustersOf, right: () => [data] },
  readDataset: { call: tagformer.readDataset, right: () => ["t.csv", {}], fine: { 1: ["a function"] } },
  readTexts: {
    call: (...parameters: Parameters<typeof tagformer.readTexts>) => all(tagformer.readTexts(...parameters)),
    right: () => ["t.csv", {}],
  },
  stratifiedSplit: { call: tagformer.stratifiedSplit, right: () => [data, { fraction: 0.1 }] },
  stratifiedFolds: { call: tagformer.stratifiedFolds, right: () => [data, { folds: 2 }] },
  foldsWithTest: { call: tagformer.foldsWithTest, right: () => [data, { folds: 2, test: 0.1 }] },
  trainValidationTestSplit: {
    call: tagformer.trainValidationTestSplit,
    right: () => [data, { validation: 0.1, test: 0.1 }],
  },
  formatSplit: { call: tagformer.formatSplit, right: () => [data, splitOf()] },
  formatFolds: {
    call: tagformer.formatFolds,
    right: () => [data, [splitOf()]],
    fine: { 1: ["an empty list"] },
  },
  readSplit: { call: tagformer.readSplit, right: () => [join(model, "split.csv"), tinyDataset(60)] },
  inspectDataset: { call: tagformer.inspectDataset, right: () => [data, {}], fine: { 1: optional } },
  inspectionPage: { call: tagformer.inspectionPage, right: async () => [await inspection()] },
  evaluate: { call: tagformer.evaluate, right: () => [scores, labels, labelNames, 0.5], fine: judging },
  evaluationDetails: {
    call: tagformer.evaluationDetails,
    right: () => [scores, labels, labelNames, 0.5],
    fine: judging,
  },
  confidenceIntervals: {
    call: tagformer.confidenceIntervals,
    right: () => [scores, labels, labelNames, 0.5, { samples: 100 }, undefined],
    fine: { ...judging, 4: optional },
  },
  compareScores: {
    call: tagformer.compareScores,
    right: () => [run, run, labels, labelNames, { samples: 100 }, undefined],
    fine: { 4: optional, 5: ["undefined"] },
  },
  tune: {
    call: tagformer.tune,
    right: () => [logits, labels, labelNames, {}, undefined],
    fine: { 3: optional, 4: ["undefined"] },
  },
  worstMistakes: {
    call: tagformer.worstMistakes,
    right: () => [scores, labels, labelNames, 3, 0.5],
    fine: counted,
  },
  mistakesByLabel: {
    call: tagformer.mistakesByLabel,
    right: () => [scores, labels, labelNames, 3, 0.5],
    fine: counted,
  },
  surestExamples: {
    call: tagformer.surestExamples,
    right: () => [scores, labels, labelNames, 3, 0.5],
    fine: counted,
  },
  suspectedLabelErrors: {
    call: tagformer.suspectedLabelErrors,
    right: () => [scores, labels, labelNames, 3],
    fine: counted,
  },
  classificationReport: {
    call: tagformer.classificationReport,
    right: () => [tagformer.evaluate(scores, labels, labelNames), 2],
    fine: { 1: ["undefined", "a number"] },
  },
  describeConvention: {
    call: tagformer.describeConvention,
    right: () => [{ figure: "f1", of: "labels", labels: [] }],
  },
  explanationPage: {
    call: tagformer.explanationPage,
    right: async () => [await classifier.explain("parcel"), "m"],
    fine: { 1: text },
  },
  evaluationPage: { call: tagformer.evaluationPage, right: () => [{}] },
  resolveModel: { call: tagformer.resolveModel, right: () => [model, {}], fine: { 1: optional } },
  readValidation: { call: tagformer.readValidation, right: () => [model] },
  "new Trainer": { call: (given) => new tagformer.Trainer(given), right: () => [tinyRun()] },
  trainBaseline: {
    call: tagformer.trainBaseline,
    right: () => [{ train: data, output: inFolder("baseline") }, {}],
    fine: { 1: optional },
  },
  "trainer.train": {
    call: (options) => new tagformer.Trainer(tinyRun({ epochs: 1 })).train(options),
    right: () => [{}],
    fine: { 0: optional },
  },
  "Classifier.load": { call: tagformer.Classifier.load, right: () => [model, {}], fine: { 1: optional } },
  "ModelSlot.load": { call: tagformer.ModelSlot.load, right: () => [model, {}], fine: { 1: optional } },
  "slot.use": {
    call: async (work) => {
      await using slot = await tagformer.ModelSlot.load(model);
      return await slot.use(work);
    },
    right: () => [() => 1],
    fine: { 0: ["a function"] },
  },
  predict: {
    call: (...parameters: [string]) => classifier.predict(...parameters),
    right: () => ["x", {}],
    fine: { 0: [...text, "an empty list", "a Set", "a generator"], 1: optional },
  },
  probabilities: {
    call: (...parameters: [string]) => classifier.probabilities(...parameters),
    right: () => ["x", {}],
    fine: { 0: [...text, "an empty list", "a Set", "a generator"], 1: optional },
  },
  explain: {
    call: (...parameters: [string]) => classifier.explain(...parameters),
    right: () => ["x", {}],
    fine: { 0: text, 1: optional },
  },
  "classifier.evaluate": {
    call: (...parameters: [tagformer.Dataset]) => classifier.evaluate(...parameters),
    right: () => [data, {}],
    fine: { 1: optional },
  },
  "classifier.tune": {
    call: (...parameters: [tagformer.Dataset]) => classifier.tune(...parameters),
    right: () => [data, {}],
    fine: { 1: optional },
  },
  save: {
    call: (directory, options) => classifier.save(inFolder(directory), options),
    right: () => ["m", {}],
    fine: { 0: text, 1: optional },
  },
  export: {
    call: (output, options) => classifier.export(inFolder(output), options),
    right: () => ["m.safetensors", { format: "safetensors" }],
    fine: { 0: text, 1: optional },
  },
};

/** Codes of errors that say what was handed in wrong: a path that is not there is read in vain. */
const codes = ["INVALID_OPTION", "INVALID_DATA", "INVALID_MODEL", "IO", "DOWNLOAD_FAILED"];

it("is all that the package exports as functions and classes", () => {
  const classes = ["Classifier", "ModelSlot", "Trainer", "TagformerError"];
  const functions = Object.keys(tagformer).filter((name) => !classes.includes(name));
  for (const name of functions) expect(Object.keys(subjects), name).toContain(name);
});

describe.each(Object.entries(subjects))("%s", (name, { call, right, fine = {} }) => {
  it("refuses what is of the wrong kind", async () => {
    const given = await right();
    for (const place of given.keys()) {
      for (const [kind, value] of Object.entries(wrong)) {
        const where = `${name}, argument ${place + 1}: ${kind}`;
        const parameters = given.with(place, value) as never[];
        const outcome = await (async () => call(...parameters))().then(
          () => "accepted",
          (error: unknown) => (error instanceof tagformer.TagformerError ? error.code : `${error}`),
        );
        if (fine[place]?.includes(kind)) expect(["accepted", ...codes], where).toContain(outcome);
        else expect(codes, where).toContain(outcome);
      }
    }
  });
});
