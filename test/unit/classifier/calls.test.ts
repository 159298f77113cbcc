// What a classifier's calls take and refuse, and how they end. The tiny model decides nothing here: it is trained for a moment.
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { packageVersion } from "../../../src/base/package.js";
import { Classifier } from "../../../src/classifier.js";
import { CompressedTexts } from "../../../src/data/compressed-texts.js";
import { NativeModel } from "../../../src/native/model.js";
import {
  errorOf,
  finish,
  labelNames,
  recordOf,
  temporaryFolder,
  tinyDataset,
  tinyRun,
} from "../training/tiny-run.js";

let directory: string;
beforeAll(async () => {
  directory = (await finish(tinyRun({ train: tinyDataset(100), epochs: 1 }))).end.directory;
});

describe("texts", () => {
  const list = ["parcel", "refund", "login"];
  const sources: [string, () => Iterable<string>][] = [
    ["a Set", () => new Set(list)],
    ["a generator", () => list.values()],
    ["the values of a Map", () => new Map(list.entries()).values()],
    ["packed texts", () => CompressedTexts.from(list)],
    ["a frozen array", () => Object.freeze([...list])],
  ];
  it.each(sources)("may be %s", async (_, source) => {
    await using classifier = await Classifier.load(directory);
    const expected = await classifier.predict(list);
    expect(await classifier.predict(source())).toEqual(expected);
    expect(await classifier.logits(source())).toEqual(await classifier.logits(list));
    expect(await classifier.seenTexts(source())).toEqual(list);
  });

  it("may be one text, in every call", async () => {
    await using classifier = await Classifier.load(directory);
    expect(await classifier.probabilities("parcel")).toEqual(await classifier.probabilities(["parcel"]));
    expect(await classifier.logits("parcel")).toHaveLength(3);
    expect(await classifier.seenTexts("parcel")).toEqual(["parcel"]);
    const input = "parcel" as string | string[];
    expect(await classifier.predict(input)).toHaveProperty("scores");
  });

  it.each<[unknown, RegExp]>([
    [null, /the texts are of type object/],
    [42, /the texts are of type number/],
    [{}, /the texts are of type object; expected a string, an array/],
    [new Set(["a", 3]), /text 1 is of type number/],
    [Int32Array.of(1, 2), /text 0 is of type number/],
    [new Map([["a", "b"]]), /text 0 is of type object/],
    [[["a", "b"]], /text 0 is of type object/],
  ])("are refused in a sentence when they are none: %j", async (texts, message) => {
    await using classifier = await Classifier.load(directory);
    for (const call of ["predict", "probabilities", "logits", "seenTexts"] as const) {
      expect(await errorOf(() => classifier[call](texts as string[]))).toMatchObject({
        code: "INVALID_DATA",
        message: expect.stringMatching(message),
      });
    }
  });

  it("of a stream are answered as a stream: in order, each as soon as it is there, and not read far ahead", async () => {
    await using classifier = await Classifier.load(directory);
    const { texts } = tinyDataset(1000, 4);
    let read = 0;
    async function* source() {
      for (const text of texts) {
        read++;
        yield text;
      }
    }
    const expected = await classifier.predict(texts);
    let row = 0;
    for await (const prediction of classifier.predict(source())) {
      expect(prediction).toEqual(expected[row++]);
      expect(read - row).toBeLessThanOrEqual(257);
    }
    expect(row).toBe(1000);
    expect(await classifier.probabilities(source())).toHaveLength(3000);
  });

  it("of a stream that has nothing new do not keep the last answer back; who stops reading ends the stream", async () => {
    await using classifier = await Classifier.load(directory);
    const ended = vi.fn();
    async function* source() {
      try {
        yield "parcel";
        await new Promise(() => {});
      } finally {
        ended();
      }
    }
    const answers = classifier.predict(source());
    expect((await answers.next()).value).toHaveProperty("scores");
    async function* two() {
      try {
        yield "parcel";
        yield 3 as unknown as string;
      } finally {
        ended();
      }
    }
    const failing = classifier.predict(two());
    await failing.next();
    expect(await errorOf(() => failing.next())).toMatchObject({
      message: expect.stringContaining("text 1 is"),
    });
    expect(ended).toHaveBeenCalledOnce();
  });
});

describe("the options of a call", () => {
  const data = () => tinyDataset(20, 3);
  const calls: Record<string, (classifier: Classifier, options: never) => Promise<unknown>> = {
    load: (_, options) => Classifier.load(directory, options),
    predict: (classifier, options) => classifier.predict("a", options),
    "predict of a stream": async (classifier, options) => {
      for await (const _ of classifier.predict((async function* () {})(), options));
    },
    probabilities: (classifier, options) => classifier.probabilities("a", options),
    logits: (classifier, options) => classifier.logits("a", options),
    seenTexts: (classifier, options) => classifier.seenTexts("a", options),
    evaluate: (classifier, options) => classifier.evaluate(data(), options),
    tune: (classifier, options) => classifier.tune(data(), options),
    explain: (classifier, options) => classifier.explain("a", options),
    save: (classifier, options) => classifier.save(join(temporaryFolder(), "x"), options),
    export: (classifier, options) => classifier.export(join(temporaryFolder(), "x"), options),
    close: (classifier, options) => classifier.close(options),
  };
  it.each(Object.keys(calls))(
    "of %s are checked: no unknown ones, no null, no wrong signal",
    async (name) => {
      await using classifier = await Classifier.load(directory);
      const errors: [unknown, RegExp][] = [
        [{ signale: 1 }, /^unknown option "signale"; did you mean "signal"\?/],
        [null, /^the options are null: expected an object$/],
        [3, /^the options are 3: expected an object$/],
        [{ signal: "soon" }, /^option signal is 'soon': expected an AbortSignal/],
      ];
      for (const [options, message] of errors) {
        expect(await errorOf(() => calls[name]!(classifier, options as never))).toMatchObject({
          code: "INVALID_OPTION",
          message: expect.stringMatching(message),
        });
      }
      expect(await classifier.predict("parcel")).toHaveProperty("scores");
    },
  );

  it("of loading: a longer maxLength than the model has, and thresholds of labels, by name", async () => {
    expect(await errorOf(() => Classifier.load(directory, { maxLength: 100_000 }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(
        "option maxLength is 100000, but the model has positions for 32 tokens",
      ),
    });
    expect(await errorOf(() => Classifier.load(directory, { maxWindows: 2 }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("option maxWindows is 2, which would have no effect"),
    });
    await using classifier = await Classifier.load(directory, { threshold: { money: 0.9 }, maxLength: 32 });
    expect(classifier.thresholds).toEqual([0.5, 0.9, 0.5]);
    expect(await errorOf(() => Classifier.load(directory, { threshold: { mony: 0.9 } }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining('"mony", which is no label'),
    });
    expect(await errorOf(() => Classifier.load(directory, { threshold: { money: 2 } }))).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining('expected at most 1 for "money"'),
    });
  });
});

describe("the labels that a program expects", () => {
  it("are those of the model, in its order, or the model is refused", async () => {
    await using classifier = await Classifier.load(directory, { labels: ["delivery", "money", "access"] });
    expect(classifier.labels).toEqual(labelNames);
    for (const labels of [["money", "delivery", "access"], ["delivery"], [...labelNames, "other"]]) {
      expect(await errorOf(() => Classifier.load(directory, { labels }))).toMatchObject({
        code: "INVALID_OPTION",
        message: `option labels is ${labels.map((name) => `"${name}"`).join(", ")}, but the labels of ${directory} are "delivery", "money", "access"; give those in this order, or leave the option out`,
      });
    }
  });
});

describe("a long text", () => {
  const long = Array.from(
    { length: 30 },
    (_, i) => `please help when will it ${i === 25 ? "parcel" : ""}`,
  ).join(" ");

  it("is read in windows by a call that says so, whatever the model was loaded to do", async () => {
    await using cuts = await Classifier.load(directory, { threads: 1 });
    await using reads = await Classifier.load(directory, { threads: 1, windowStride: 16 });
    const [cut, whole] = [await cuts.score(long), await reads.score(long)];
    expect(cut.tokens.cut[0]).toBeGreaterThan(0);
    expect(whole.tokens.cut[0]).toBe(0);
    expect(whole.logits).not.toEqual(cut.logits);
    expect((await cuts.score(long, { windows: true })).logits).toEqual(whole.logits);
    expect((await cuts.score(long, { windows: false })).logits).toEqual(cut.logits);
    expect((await reads.score(long, { windows: true })).logits).toEqual(whole.logits);
    expect((await reads.score(long, { windows: false })).logits).toEqual(cut.logits);
    const how = { label: "delivery" } as const;
    expect(await cuts.explain(long, { ...how, windows: true })).toEqual(await reads.explain(long, how));
    expect(await reads.explain(long, { ...how, windows: false })).toEqual(await cuts.explain(long, how));
  });
});

describe("info, totals and pending", () => {
  it("tell what serves, and how much waits", async () => {
    await using classifier = await Classifier.load(directory, { threads: 1, windowStride: 8, maxWindows: 3 });
    const info = JSON.parse(JSON.stringify(classifier.info));
    expect(info).toEqual({
      path: directory,
      name: null,
      revision: null,
      tagformerVersion: packageVersion(),
      precision: "fp32",
      device: "cpu",
      threads: 1,
      maxLength: 32,
      windows: { stride: 8, max: 3, pooling: "max" },
      labels: labelNames.map((name) => ({ name, threshold: 0.5, temperature: 1 })),
      warnings: [],
      trainedAt: recordOf(directory).trainedAt,
    });
    expect(Date.parse(info.trainedAt)).toBeGreaterThan(Date.now() - 3_600_000);
    expect(classifier.pending).toEqual({ rows: 0, tokens: 0, oldest: 0, wait: 0 });
    const { texts } = tinyDataset(2000, 3);
    const all = classifier.probabilities(texts);
    await Promise.resolve();
    expect(classifier.pending.rows).toBe(2000);
    expect(classifier.pending.tokens).toBeGreaterThan(2000);
    await all;
    expect(classifier.pending).toMatchObject({ rows: 0, tokens: 0, oldest: 0, wait: 0 });
    const controller = new AbortController();
    const aborted = classifier.probabilities(texts, { signal: controller.signal });
    controller.abort("gone");
    await expect(aborted).rejects.toBe("gone");
    await classifier.predict("parcel");
    expect(classifier.pending).toMatchObject({ rows: 0, tokens: 0 });
    const { batches, rows, tokens, padding } = classifier.totals;
    expect([batches > 8, rows > 2000, tokens > rows, padding]).toEqual([true, true, true, 0]);
  });
});

describe("the end of a classifier", () => {
  it("by close() answers what was asked before, refuses what comes later, and then frees the model", async () => {
    const classifier = await Classifier.load(directory);
    const freed = vi.spyOn(NativeModel.prototype, "dispose");
    onTestFinished(() => freed.mockRestore());
    const { texts } = tinyDataset(3000, 3);
    const [many, one] = [classifier.predict(texts), classifier.predict("parcel")];
    const closing = classifier.close();
    expect(await errorOf(() => classifier.predict("late"))).toMatchObject({
      code: "DISPOSED",
      message: `the classifier of ${directory} is closed: it answers the calls that were made before and takes no new ones`,
    });
    expect(freed).not.toHaveBeenCalled();
    expect(await many).toHaveLength(3000);
    expect(await one).toHaveProperty("scores");
    await closing;
    expect(freed).toHaveBeenCalled();
    await classifier.close();
  });

  it("by close() with a signal waits no longer than that", async () => {
    const classifier = await Classifier.load(directory);
    const waiting = errorOf(() => classifier.predict(tinyDataset(20_000, 3).texts));
    const controller = new AbortController();
    const closing = classifier.close({ signal: controller.signal });
    controller.abort("too long");
    await expect(closing).rejects.toBe("too long");
    expect(await waiting).toMatchObject({ code: "DISPOSED" });
  });

  it("by dispose() gives every call an error of its own, which names the model and who called", async () => {
    const classifier = await Classifier.load(directory);
    async function firstCaller() {
      await classifier.predict(tinyDataset(5000, 3).texts);
    }
    async function secondCaller() {
      await classifier.probabilities("parcel");
    }
    const failing = [errorOf(firstCaller), errorOf(secondCaller)];
    await classifier.dispose();
    const errors = await Promise.all([...failing, errorOf(() => classifier.predict("late"))]);
    expect(new Set(errors).size).toBe(3);
    for (const error of errors) {
      expect(error).toMatchObject({
        code: "DISPOSED",
        message: `the classifier of ${directory} was disposed of`,
      });
    }
    expect(errors[0]!.stack).toMatch(/firstCaller/);
    expect(errors[1]!.stack).toMatch(/secondCaller/);
  });

  it("of the native model gives calls that were computed together errors of their own", async () => {
    await using classifier = await Classifier.load(directory);
    const failing = vi
      .spyOn(NativeModel.prototype, "predict")
      .mockImplementation(async () => Promise.reject(new TagformerError("OUT_OF_MEMORY", "no memory")));
    const errors = await Promise.all(["a", "b"].map((text) => errorOf(() => classifier.predict(text))));
    failing.mockRestore();
    expect(errors[0]).not.toBe(errors[1]);
    expect(errors).toMatchObject([{ code: "OUT_OF_MEMORY" }, { code: "OUT_OF_MEMORY" }]);
    expect(await classifier.predict("parcel")).toHaveProperty("scores");
  });
});

describe("a decision that changes while a call runs", () => {
  it("is not mixed with the old one: a call decides by the thresholds that were there when it was made", async () => {
    await using classifier = await Classifier.load(directory, { threshold: 0 });
    const { texts } = tinyDataset(1500, 3);
    const before = classifier.predict(texts);
    const evaluated = classifier.evaluate(tinyDataset(300, 4));
    const tuning = classifier.tune(tinyDataset(60, 5), { folds: 0, targetPrecision: 1 });
    for (const { labels } of await before) expect(labels).toEqual(labelNames);
    expect((await evaluated).metrics.micro.recall).toBe(1);
    await tuning;
    expect(classifier.thresholds).not.toEqual([0, 0, 0]);
  });
});
