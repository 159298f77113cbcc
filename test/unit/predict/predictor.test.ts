// The predictor through a classifier of the tiny model; batches are counted at the native model's door.
import { getEventListeners } from "node:events";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { NativeModel } from "../../../src/native/model.js";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import { finish, tinyDataset, tinyRun } from "../training/tiny-run.js";

let directory: string;
beforeAll(async () => {
  directory = (await finish(tinyRun({ train: tinyDataset(100), epochs: 1 }))).end.directory;
});

/** Counts the native batches that end while a model answers. */
function countBatches() {
  const ended = { count: 0 };
  const predict = NativeModel.prototype.predict;
  const spy = vi.spyOn(NativeModel.prototype, "predict").mockImplementation(async function (
    this: NativeModel,
    ...parameters
  ) {
    const logits = await predict.apply(this, parameters);
    ended.count++;
    return logits;
  });
  onTestFinished(() => spy.mockRestore());
  return ended;
}

describe("scores", () => {
  it.each(["fp32", "bf16", "int8"] as const)(
    "in %s are the same to the last bit, whatever a text goes with",
    async (precision) => {
      await using classifier = await Classifier.load(directory, { precision });
      const { texts } = tinyDataset(300, 3);
      const together = await classifier.logits(texts);
      const reversed = await classifier.logits(texts.toReversed());
      const atOnce = await Promise.all(texts.map((text) => classifier.logits([text])));
      for (const [i, alone] of atOnce.entries()) {
        expect(together.slice(i * 3, i * 3 + 3)).toEqual(alone);
        const back = texts.length - 1 - i;
        expect(reversed.slice(back * 3, back * 3 + 3)).toEqual(alone);
      }
      expect(await classifier.logits([texts[7]!])).toEqual(atOnce[7]);
    },
  );
});

describe("a small call beside a large one", () => {
  it("is answered within three native batches once it is tokenized", async () => {
    await using classifier = await Classifier.load(directory);
    const ended = countBatches();
    const { texts } = tinyDataset(30_000, 4);
    const large = classifier.probabilities(texts);
    while (ended.count < 5) await new Promise(setImmediate);
    const encode = vi.spyOn(Tokenizer.prototype, "encodeWindows");
    onTestFinished(() => encode.mockRestore());
    let tokenized = Number.NaN;
    const small = classifier.predict("a small text");
    const index = () => encode.mock.calls.findIndex(([some]) => [...some].includes("a small text"));
    while (index() < 0) await new Promise(setImmediate);
    await encode.mock.results[index()]!.value;
    tokenized = ended.count;
    await small;
    expect(ended.count - tokenized).toBeLessThanOrEqual(3);
    expect(await large).toHaveLength(90_000);
  });
});

describe("a signal", () => {
  it("ends a call at once, even while the tokenizer works on its text; its neighbours are answered", async () => {
    await using classifier = await Classifier.load(directory);
    const huge = "x".repeat(3_000_000); // one word: it cannot be tokenized in pieces
    const controller = new AbortController();
    const call = classifier.predict(huge, { signal: controller.signal });
    const order: string[] = [];
    const neighbour = classifier.predict("parcel").then(() => order.push("neighbour"));
    const aborted = call.catch((reason) => order.push(reason));
    controller.abort("enough");
    await aborted;
    expect(order).toEqual(["enough"]);
    await neighbour;
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });
});
