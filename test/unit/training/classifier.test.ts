// Classifier through its API, on a model that the tiny data trained.
import { AsyncLocalStorage } from "node:async_hooks";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import type { Dataset } from "../../../src/data/dataset.js";
import { NativeModel } from "../../../src/native/model.js";
import { Tokenizer } from "../../../src/text/tokenizer.js";
import {
  errorOf,
  finish,
  labelNames,
  temporaryFolder,
  tinyDataset,
  tinyRun,
  tinySource,
} from "./tiny-run.js";

let directory: string;
beforeAll(async () => {
  directory = (await finish(tinyRun({ train: tinyDataset(800), epochs: 8, keep: "last" }))).end.directory;
});

describe("predict", () => {
  it("gives one text one prediction, with a score for each label", async () => {
    await using classifier = await Classifier.load(directory);
    const prediction = await classifier.predict("hello my parcel is late and a refund please");
    expect(prediction.labels).toEqual(["delivery", "money"]);
    expect(Object.keys(prediction.scores)).toEqual(labelNames);
    expect(prediction.scores.delivery).toBeGreaterThan(0.5);
    expect(prediction.scores.access).toBeLessThan(0.5);
  });

  it("gives many texts as many predictions, and none none", async () => {
    await using classifier = await Classifier.load(directory);
    const texts = ["parcel", "", "the login and the refund"];
    const predictions = await classifier.predict(texts);
    expect(predictions.map(({ labels }) => labels)).toEqual([
      ["delivery"],
      expect.any(Array),
      ["money", "access"],
    ]);
    const alone = await classifier.predict("parcel");
    for (const name of labelNames) {
      expect(predictions[0]!.scores[name]).toBeCloseTo(alone.scores[name]!, 6);
    }
    expect(await classifier.predict([])).toEqual([]);
  });

  it("keeps thousands of texts in order", async () => {
    await using classifier = await Classifier.load(directory);
    const { texts } = tinyDataset(3000, 5);
    const done: number[] = [];
    const all = await classifier.probabilities(texts, { onProgress: (rows) => done.push(rows) });
    expect(done.at(-1)).toBe(3000);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    for (const row of [0, 1, 1023, 1024, 2047, 2048, 2999]) {
      const alone = await classifier.probabilities([texts[row]!]);
      for (const [i, value] of alone.entries()) expect(all[row * 3 + i]).toBeCloseTo(value, 5);
    }
  });

  it("answers many calls at once, each with its own texts", async () => {
    await using classifier = await Classifier.load(directory);
    const { texts } = tinyDataset(60, 6);
    const together = await Promise.all(texts.map((text) => classifier.predict(text)));
    const inOrder = [];
    for (const text of texts) inOrder.push(await classifier.predict(text));
    expect(together).toEqual(inOrder);
  });

  it("answers ten thousand calls made at once, in their order, while the event loop goes on", async () => {
    await using classifier = await Classifier.load(directory);
    const { texts } = tinyDataset(100, 7);
    const expected = await classifier.predict(texts);
    const context = new AsyncLocalStorage<number>();
    const order: (number | undefined)[] = [];
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    const calls = Array.from({ length: 10_000 }, (_, i) =>
      context.run(i, async () => {
        const { labels } = await classifier.predict(texts[i % 100]!);
        order.push(context.getStore());
        return labels;
      }),
    );
    const results = await Promise.all(calls);
    clearInterval(clock);
    expect(order).toEqual([...results.keys()]);
    for (const [i, labels] of results.entries()) expect(labels).toEqual(expected[i % 100]!.labels);
    expect(turns).toBeGreaterThan(20);
  });

  it("cuts texts at the shorter of the model's and the caller's length", async () => {
    await using whole = await Classifier.load(directory);
    await using short = await Classifier.load(directory, { maxLength: 4 });
    expect([whole.maxLength, short.maxLength]).toEqual([32, 4]);
    expect(await short.predict("hello thanks refund")).toEqual(await short.predict("hello thanks parcel"));
  });

  it.each<[unknown, RegExp]>([
    [undefined, /texts are of type undefined/],
    [42, /texts are of type number/],
    [["a", null], /text 1 is of type object/],
    [[...Array(1500).fill("a"), 7], /text 1500 is of type number/],
  ])("refuses what is no text", async (texts, message) => {
    await using classifier = await Classifier.load(directory);
    expect(await errorOf(() => classifier.predict(texts as string[]))).toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringMatching(message),
    });
  });
});

describe("a signal", () => {
  it("ends a call with its reason, whenever it comes; the next call works", async () => {
    await using classifier = await Classifier.load(directory);
    const { texts } = tinyDataset(5000, 5);
    await expect(classifier.predict(texts, { signal: AbortSignal.abort("before") })).rejects.toBe("before");
    const controller = new AbortController();
    const call = classifier.probabilities(texts, {
      signal: controller.signal,
      onProgress: () => controller.abort("during"),
    });
    await expect(call).rejects.toBe("during");
    expect(await classifier.predict(["parcel"])).toHaveLength(1);
  });

  it("ends an evaluation, tuning, saving and exporting, before they begin or soon after", async () => {
    await using classifier = await Classifier.load(directory);
    const folder = temporaryFolder();
    const data = tinyDataset(2000, 5);
    const calls: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
      evaluate: (signal) => classifier.evaluate(data, { signal }),
      tune: (signal) => classifier.tune(data, { signal }),
      save: (signal) => classifier.save(join(folder, "saved"), { signal }),
      "export as a module": (signal) => classifier.export(join(folder, "model.pt"), { signal }),
      "export of weights": (signal) =>
        classifier.export(join(folder, "weights.safetensors"), { format: "safetensors", signal }),
      "export of a directory": (signal) =>
        classifier.export(join(folder, "directory"), { format: "safetensors", signal }),
    };
    for (const [name, call] of Object.entries(calls)) {
      await expect(call(AbortSignal.abort("before")), name).rejects.toBe("before");
      const controller = new AbortController();
      const calling = call(controller.signal);
      controller.abort("after");
      await expect(calling, name).rejects.toBe("after");
    }
    expect(readdirSync(folder)).toEqual([]);
    expect(await classifier.predict(["parcel"])).toHaveLength(1);
  });

  it("can be shared by many calls without a warning", async () => {
    await using classifier = await Classifier.load(directory);
    const warned = vi.fn();
    process.on("warning", warned);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 30 }, () => classifier.predict("parcel", { signal })));
    await new Promise(setImmediate);
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe("evaluate", () => {
  it("matches label columns by name, whatever their order and neighbours", async () => {
    await using classifier = await Classifier.load(directory);
    const data = tinyDataset(50, 3);
    const { metrics, mistakes, logits, labels, tokens, seen } = await classifier.evaluate(data);
    expect(metrics.micro.f1).toBeGreaterThan(0.9);
    expect(labels).toEqual(data.labels);
    expect(metrics.labels.map(({ name }) => name)).toEqual(labelNames);
    expect(logits).toHaveLength(150);
    expect(mistakes.every(({ row }) => row < 50)).toBe(true);
    const permuted: Dataset = {
      ...data,
      labelNames: ["access", "other", "delivery", "money"],
      labels: Float32Array.from({ length: 200 }, (_, i) => {
        const column = [2, -1, 0, 1][i % 4]!;
        return column < 0 ? 1 : data.labels[Math.floor(i / 4) * 3 + column]!;
      }),
    };
    expect(await classifier.evaluate(permuted)).toEqual({ metrics, mistakes, logits, labels, tokens, seen });
  });

  it("lists every row that it gets wrong", async () => {
    await using classifier = await Classifier.load(directory);
    const data = tinyDataset(50, 3);
    const wrong = { ...data, labels: data.labels.map((label, i) => (i === 4 ? 1 - label : label)) };
    const { mistakes } = await classifier.evaluate(wrong);
    expect(mistakes).toContainEqual(
      expect.objectContaining({ row: 1, label: "money", truth: wrong.labels[4] }),
    );
  });

  it("refuses a dataset that lacks a label of the model, or has a wrong shape", async () => {
    await using classifier = await Classifier.load(directory);
    const data = { ...tinyDataset(5), labelNames: ["delivery", "money", "acces"] };
    expect(await errorOf(() => classifier.evaluate(data))).toMatchObject({
      code: "INVALID_DATA",
      message: 'tiny data has no column for the model\'s label "access"; it has "delivery", "money", "acces"',
    });
    const short = { ...tinyDataset(5), labels: new Float32Array(3) };
    expect(await errorOf(() => classifier.evaluate(short))).toMatchObject({ code: "INVALID_DATA" });
  });
});

describe("save", () => {
  it("and load give the same model", async () => {
    const copy = join(temporaryFolder(), "copy");
    await using classifier = await Classifier.load(directory);
    await classifier.save(copy);
    await classifier.save(copy); // over itself
    await using again = await Classifier.load(copy);
    const { texts } = tinyDataset(20, 4);
    expect(await again.logits(texts)).toEqual(await classifier.logits(texts));
    const record = await readFile(join(copy, "tagformer.json"), "utf8");
    expect(JSON.parse(record)).toEqual(JSON.parse(await readFile(join(directory, "tagformer.json"), "utf8")));
  });

  it("refuses a directory with the files of others", async () => {
    await using classifier = await Classifier.load(directory);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "mine.txt"), "");
    expect(await errorOf(() => classifier.save(folder))).toMatchObject({ code: "INVALID_OPTION" });
  });
});

describe("dispose", () => {
  it("ends every call after it, and most of those before it", async () => {
    const classifier = await Classifier.load(directory);
    const waiting = classifier.logits(tinyDataset(5000).texts);
    const outcome = expect(waiting).rejects.toMatchObject({ code: "DISPOSED" });
    await Promise.all([classifier.dispose(), classifier.dispose()]);
    await outcome;
    expect(await errorOf(() => classifier.predict("parcel"))).toMatchObject({ code: "DISPOSED" });
    expect(await errorOf(() => classifier.evaluate(tinyDataset(5)))).toMatchObject({ code: "DISPOSED" });
    expect(await errorOf(() => classifier.save(join(temporaryFolder(), "late")))).toMatchObject({
      code: "DISPOSED",
    });
  });
});

describe("load", () => {
  it("of a model without a head names the command that trains one", async () => {
    const pretrained = dirname(tinySource().config);
    await saveWithoutHead(pretrained);
    expect(await errorOf(() => Classifier.load(pretrained))).toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(`\`tagformer train DATA --model ${pretrained} --output DIR\``),
    });
  });

  it.each(["single_label_classification", "regression"])("refuses a head for %s", async (type) => {
    const other = join(temporaryFolder(), "other");
    cpSync(directory, other, { recursive: true });
    const config = JSON.parse(readFileSync(join(other, "config.json"), "utf8"));
    writeFileSync(join(other, "config.json"), JSON.stringify({ ...config, problem_type: type }));
    expect(await errorOf(() => Classifier.load(other))).toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(`problem_type is "${type}"`),
    });
    const run = tinyRun({ epochs: 1, train: tinyDataset(50) });
    const { config: _, tokenizer: __, ...rest } = run as typeof run & { config: string; tokenizer: string };
    expect((await finish({ ...rest, model: other })).end.reason).toBe("finished");
  });

  it.each<[string, object, string]>([
    ["a misspelt option", { precison: "bf16" }, "INVALID_OPTION"],
    ["an option of training", { epochs: 3 }, "INVALID_OPTION"],
    ["a device that is not there", { device: "cuda:0" }, "DEVICE_UNAVAILABLE"],
    ["a length without room for a text", { maxLength: 2 }, "INVALID_OPTION"],
  ])("refuses %s", async (_, options, code) => {
    expect(await errorOf(() => Classifier.load(directory, options))).toMatchObject({ code });
  });

  it("refuses a directory that is not there, and one that is empty", async () => {
    const folder = temporaryFolder();
    expect(await errorOf(() => Classifier.load(join(folder, "none")))).toMatchObject({ code: "IO" });
    mkdirSync(join(folder, "empty"));
    expect((await errorOf(() => Classifier.load(join(folder, "empty")))).message).toContain("config.json");
  });

  it("frees the model when its tokenizer does not fit", async () => {
    const freed = vi.spyOn(NativeModel.prototype, "dispose");
    const misfit = vi.spyOn(Tokenizer.prototype, "checkFits").mockImplementation(() => {
      throw new Error("too many tokens");
    });
    await expect(Classifier.load(directory)).rejects.toThrow("too many tokens");
    expect(freed).toHaveBeenCalledOnce();
    misfit.mockRestore();
    freed.mockRestore();
  });
});

/** Adds the weights of a fresh encoder, as a pretrained model has them: everything but the head. */
async function saveWithoutHead(folder: string): Promise<void> {
  const bytes = await readFile(join(directory, "model.safetensors"));
  const size = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + size)) as Record<
    string,
    { data_offsets: number[] }
  >;
  const parts: Buffer[] = [];
  let position = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [begin, end] = entry.data_offsets as [number, number];
    if (name.startsWith("classifier.")) {
      delete header[name];
      continue;
    }
    entry.data_offsets = [position, position + end - begin];
    position += end - begin;
    parts.push(bytes.subarray(8 + size + begin, 8 + size + end));
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(join(folder, "model.safetensors"), Buffer.concat([length, text, ...parts]));
}
