// Rows that judge the finished model: nothing is chosen by them, and nothing else is called the model's figures.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { trainValidationTestSplit } from "../../../src/data/parts.js";
import { selectRows } from "../../../src/data/select-rows.js";
import { readTest, readValidation } from "../../../src/model/stored-predictions.js";
import { errorOf, finish, outline, recordOf, tinyDataset, tinyRun, tinySource } from "./tiny-run.js";

const jumping = { epochs: 5, learningRate: 0.04, schedule: "constant" } as const;

describe("a run with test rows", () => {
  it("judges the kept epoch on rows that neither trained nor chose", async () => {
    const train = tinyDataset(400);
    const run = tinyRun({ ...jumping, train, testSplit: 0.2, validationSplit: 0.2 });
    const { events, epochs, end } = await finish(run);
    expect(events[0]).toMatchObject({ trainingRows: 240, validationRows: 80, testRows: 80 });
    const split = trainValidationTestSplit(train, { validation: 0.2, test: 0.2, seed: 42 });
    await using classifier = await Classifier.load(run.output, { threads: 1 });
    const { metrics } = await classifier.evaluate(selectRows(train, split.test!));
    expect(end.test!.metrics).toEqual(metrics);
    expect(recordOf(run.output).test).toEqual(JSON.parse(JSON.stringify(end.test)));
    const { value, low, high } = end.test!.intervals.figures.microF1!;
    expect(value).toBe(metrics.micro.f1);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
    // The epoch is the best on the validation rows, whatever the test rows say.
    const best = epochs.reduce((best, epoch) => {
      const [a, b] = [epoch.validation!, best.validation!];
      return a.micro.f1 > b.micro.f1 || (a.micro.f1 === b.micro.f1 && a.loss! < b.loss!) ? epoch : best;
    });
    expect(end.keptEpoch).toBe(best.epoch);
  });

  it("computes them only for epochs that are kept", async () => {
    const { events, epochs } = await finish(tinyRun({ ...jumping, testSplit: 0.1 }));
    const expected = epochs.flatMap(({ kept }) => ["step", "validation", ...(kept ? ["test"] : []), "epoch"]);
    expect(outline(events)).toEqual(["start", ...expected, "end"]);
    expect(epochs.some(({ kept }) => !kept)).toBe(true);
  });

  it("stores its predictions for them apart, so that thresholds are tuned on the others", async () => {
    const { end } = await finish(tinyRun({ testSplit: 0.1, epochs: 1 }));
    const [validation, test] = [await readValidation(end.directory), (await readTest(end.directory))!];
    expect([validation.rows.length, test.rows.length]).toEqual([32, 32]);
    expect(new Set([...validation.rows, ...test.rows]).size).toBe(64);
    const { end: untested } = await finish(tinyRun({ epochs: 1 }));
    expect(await readTest(untested.directory)).toBeNull();
  });

  it("repeats the three parts of another run by its split.csv", async () => {
    const source = tinySource();
    const first = await finish(tinyRun({ ...source, testSplit: 0.1, epochs: 1 }));
    const splitFile = join(first.end.directory, "split.csv");
    expect(readFileSync(splitFile, "utf8").match(/,test$/gm)).toHaveLength(32);
    const again = await finish(tinyRun({ ...source, splitFile, epochs: 1 }));
    expect(again.end.test).toEqual(first.end.test);
    expect(readFileSync(join(again.end.directory, "split.csv"), "utf8")).toBe(
      readFileSync(splitFile, "utf8"),
    );
  });

  it("may have a table of its own for validation, or none", async () => {
    const validation = tinyDataset(50, 2);
    const { events, end } = await finish(tinyRun({ validation, testSplit: 0.1, epochs: 1 }));
    expect(events[0]).toMatchObject({ trainingRows: 288, validationRows: 50, testRows: 32 });
    expect(end.test!.metrics.rows).toBe(32);
    const none = await finish(tinyRun({ validationSplit: 0, testSplit: 0.1, epochs: 1 }));
    expect(none.events[0]).toMatchObject({ trainingRows: 288, validationRows: 0, testRows: 32 });
    expect(none.end.test!.metrics.rows).toBe(32);
  });

  it("may have a table of its own for the test, which card, report and record name", async () => {
    const [validation, test] = [tinyDataset(50, 2), { ...tinyDataset(60, 3), source: "fresh.csv" }];
    const run = tinyRun({ test, report: true, preset: "seed", epochs: 1 });
    const { events, end } = await finish(run);
    expect(events[0]).toMatchObject({ trainingRows: 288, validationRows: 32, testRows: 60 });
    await using classifier = await Classifier.load(run.output, { threads: 1 });
    expect(end.test!.metrics).toEqual((await classifier.evaluate(test)).metrics);
    expect((await classifier.evaluate(test)).seen).toMatchObject({ trainedOn: 0 });
    expect(recordOf(run.output)).toMatchObject({ data: "tiny data", testData: "fresh.csv" });
    expect((await readTest(run.output))!.source).toBe("fresh.csv");
    const card = readFileSync(join(run.output, "README.md"), "utf8");
    expect(card).toContain("On 60 rows of fresh.csv, a table of its own, by which neither");
    expect(card).toMatch(/name: fresh\.csv|"name":"fresh\.csv"/);
    const report = readFileSync(end.report!, "utf8");
    expect(report).toContain("On 60 rows of fresh.csv, by which nothing was chosen");
    const both = await finish(tinyRun({ validation, test, epochs: 1 }));
    expect(both.events[0]).toMatchObject({ trainingRows: 320, validationRows: 50, testRows: 60 });
  });

  it("refuses a table for the test with other labels, and beside a split file with test rows", async () => {
    const test = { ...tinyDataset(60, 3), source: "fresh.csv" };
    const other = { ...test, labelNames: ["delivery", "money", "entry"] };
    expect(await errorOf(() => finish(tinyRun({ test: other })))).toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringContaining(
        'fresh.csv has the labels "delivery", "money", "entry"; expected those of',
      ),
    });
    const source = tinySource();
    const first = await finish(tinyRun({ ...source, testSplit: 0.1, epochs: 1 }));
    const splitFile = join(first.end.directory, "split.csv");
    expect(await errorOf(() => finish(tinyRun({ ...source, splitFile, test })))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("split.csv holds rows back for the test"),
    });
  });

  it("that is stopped during its test goes on as one that is stopped during its validation", async () => {
    const run = tinyRun({ testSplit: 0.5, train: tinyDataset(3000) });
    const controller = new AbortController();
    const { end } = await finish(run, controller.signal, (event) => {
      if (event.type === "test") controller.abort();
    });
    expect(end).toMatchObject({ type: "end", reason: "stopped", directory: run.output });
    expect(end).not.toHaveProperty("keptEpoch");
    expect(recordOf(run.output)).not.toHaveProperty("test");
  });

  it("says when a label has few positives among them", async () => {
    const { events } = await finish(tinyRun({ testSplit: 0.05, epochs: 1 }));
    const [start] = events;
    expect(start!.type === "start" && start!.notes.join("\n")).toMatch(
      /3 of 3 labels have fewer than 10 positives among the 16 test rows \(delivery \d, money \d, access \d\)/,
    );
  });

  it("is refused where there are not enough rows, and where a file says which they are", async () => {
    const five = tinyRun({ train: tinyDataset(5), testSplit: 0.6, validationSplit: 0.5 });
    expect(await errorOf(() => finish(five))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("leaves no row to train on"),
    });
    const both = tinyRun({ splitFile: "split.csv", testSplit: 0.1 });
    expect((await errorOf(() => finish(both))).message).toMatch(/split\.csv says which rows are held back/);
  });
});

describe("texts on both sides of a split", () => {
  const train = tinyDataset(200);
  const texts = train.texts.map((text, row) => (row % 10 ? text : ""));
  const doubled = {
    ...train,
    texts: texts.map((text, row) => (row % 10 ? text : `${texts[row + 1]!.toUpperCase()}!`)),
  };

  it("are counted in the run's own split, whatever their case and punctuation", async () => {
    const { events } = await finish(
      tinyRun({ train: doubled, testSplit: 0.2, validationSplit: 0.2, epochs: 1 }),
    );
    const notes = events[0]!.type === "start" ? events[0]!.notes.join("\n") : "";
    expect(notes).toMatch(/warning: \d+ of the 40 validation rows have a text that is trained on as well/);
    expect(notes).toMatch(/warning: \d+ of the 40 test rows .*--split-by-text keeps such rows in one part/);
  });

  it("are none when rows of one text stay together", async () => {
    const run = { train: doubled, testSplit: 0.2, validationSplit: 0.2, epochs: 1, splitByText: true };
    const { events } = await finish(tinyRun(run));
    expect(events[0]!.type === "start" && events[0]!.notes.join("\n")).not.toContain("trained on as well");
  });

  it("are counted for a validation table and a test table", async () => {
    const validation = { ...tinyDataset(60, 9), source: "other.csv" };
    const shared = {
      ...validation,
      texts: validation.texts.map((text, i) => (i < 7 ? `${train.texts[i]} ?` : `${text} new`)),
    };
    const { events } = await finish(tinyRun({ train, validation: shared, epochs: 1 }));
    expect(events[0]!.type === "start" && events[0]!.notes.join("\n")).toMatch(
      /warning: 7 of the 60 validation rows .*; leave them out of other\.csv/,
    );
    const run = tinyRun({ train, test: shared, validationSplit: 0, epochs: 1 });
    const tested = (await finish(run)).events[0]!;
    expect(tested.type === "start" && tested.notes.join("\n")).toMatch(
      /warning: 7 of the 60 test rows .*; leave them out of other\.csv/,
    );
  });
});
