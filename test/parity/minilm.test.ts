// Real weights against transformers in PyTorch: MiniLM with a fresh head, saved and read both ways.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { readModelDirectory } from "../../src/model/directory.js";
import { saveModelDirectory } from "../../src/model/save.js";
import { NativeModel } from "../../src/native/model.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { Tokenizer } from "../../src/text/tokenizer.js";
import {
  gradientDifference,
  largestDifference,
  loadModel,
  references,
  temporaryFolder,
  training,
} from "./models.js";
import { miniLmDirectory } from "./python.js";

describe("MiniLM, real weights", () => {
  const labelNames = ["toxic", "obscene", "insult"];
  const texts = [
    "What a lovely day it is.",
    "You are the worst person I have ever met; go away!",
    "Ünïcödé, 東京 and emoji 🙂 in one line",
    "word ".repeat(600),
  ];

  it("is loaded, saved, and read by transformers with the same logits", async () => {
    const source = temporaryFolder();
    cpSync(miniLmDirectory(), source, { recursive: true });
    const tokenizer = await Tokenizer.load(source, "bert");
    const tokens = await tokenizer.encode(texts, 512);
    expect(tokens.offsets[4]! - tokens.offsets[3]!).toBe(512); // not the 128 stored in its tokenizer.json
    const saved = join(temporaryFolder(), "saved");
    const { logits, model } = await saveWithFreshHead(source, saved, labelNames, tokens, tokenizer);
    expect(model.info.ignored).toEqual(["embeddings.position_ids"]);
    expect([...model.info.initialised].sort()).toEqual(["classifier.bias", "classifier.weight"]);

    const labelled: LabelledBatch = { ...tokens, labels: new Float32Array(4 * labelNames.length) };
    const [theirs] = references([{ directory: saved, batch: labelled }]);
    expect(largestDifference(logits, theirs!.logits)).toBeLessThan(1e-5);
    const { name, relative } = await gradientsOf(saved, labelled, labelNames.length);
    expect(relative, name).toBeLessThan(1e-4);

    await using classifier = await Classifier.load(saved);
    expect(classifier.labels).toEqual(labelNames);
    expect(largestDifference(await classifier.logits(texts), logits)).toBeLessThan(1e-6);
  });
});

async function gradientsOf(directory: string, batch: LabelledBatch, labels: number) {
  await using model = await loadModel(directory, labels);
  const run = await model.startTraining(training);
  await run.computeGradients(batch);
  return await gradientDifference(model, run, directory);
}

async function saveWithFreshHead(
  source: string,
  target: string,
  labelNames: readonly string[],
  tokens: { ids: Int32Array; offsets: Int32Array },
  tokenizer: Tokenizer,
) {
  const directory = await readModelDirectory(source);
  const model = await NativeModel.load({
    config: directory.config,
    labels: labelNames.length,
    tensors: directory.tensors,
    freshHead: true,
    seed: 9,
    precision: "fp32",
    threads: 2,
  });
  const logits = await model.predict(tokens);
  await saveModelDirectory(target, {
    config: directory.config,
    labelNames,
    tagformer: {},
    writeTokenizer: (folder) => tokenizer.writeFiles(folder),
    writeWeights: (file) => model.save(file),
  });
  return { logits, model };
}
