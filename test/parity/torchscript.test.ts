import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { findParityPython } from "../../scripts/parity-python.mjs";
import { Classifier } from "../../src/classifier.js";
import { vetTorchScript } from "../../src/model/torchscript/vet.js";
import { NativeModel } from "../../src/native/model.js";
import type { Precision } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { testDevice } from "../test-device.js";
import { finish, tinyDataset, tinySource } from "../unit/training/tiny-run.js";
import { largestDifference, randomBatch, temporaryFolder, training } from "./models.js";
import { runPython } from "./python.js";

interface Answer {
  readonly logits: number[];
  readonly names: string[];
  /** Whether training mode changes the logits. */
  readonly dropout: boolean;
}

const folder = temporaryFolder();
const labels = 3;
const common = { vocab_size: 50, num_labels: labels };
const bertSizes = {
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 40,
};
const configs = {
  bert: { model_type: "bert", ...common, ...bertSizes },
  roberta: { model_type: "roberta", ...common, ...bertSizes, pad_token_id: 1 },
  // A rate of 0 in fused attention that is the model's own.
  albert: {
    ...{ model_type: "albert", ...common, ...bertSizes, embedding_size: 16 },
    ...{ hidden_dropout_prob: 0.1, attention_probs_dropout_prob: 0 },
  },
  xlnet: { model_type: "xlnet", ...common, d_model: 16, n_layer: 2, n_head: 2, d_inner: 32 },
};
const paddings = { bert: 0, roberta: 1, albert: 0, xlnet: 5 };

const traces = (
  [
    ["bert", "eager"],
    ["bert", "sdpa"],
    ["roberta", "sdpa"],
    ["albert", "sdpa"],
    ["xlnet", "eager"],
  ] as const
).flatMap(([type, attention]) => (["train", "eval"] as const).map((mode) => ({ type, attention, mode })));
type Trace = (typeof traces)[number];

const fileOf = ({ type, attention, mode }: Trace) => join(folder, `${type}-${attention}-${mode}.pt`);
const directoryOf = (trace: Trace) => fileOf(trace).replace(".pt", "");
const scripted = join(folder, "scripted.pt");

/** Rows of tokens, none of which is any architecture's padding. */
const batch = (() => {
  const { types: _, ...rest } = randomBatch([7, 3, 12, 1, 9], { vocabulary: 43, labels, seed: 3 });
  return {
    ...rest,
    ids: rest.ids.map((id) => id + 6),
    labels: rest.labels.map((x) => (Number.isNaN(x) ? 0 : x)),
  };
})();
const rows = { ids: Array.from(batch.ids), offsets: Array.from(batch.offsets) };

function configOf(type: Trace["type"]): Record<string, unknown> {
  return {
    model_type: "torchscript",
    pad_token_id: paddings[type],
    padding_side: type === "xlnet" ? "left" : "right",
  };
}

function load(
  script: string,
  config: Record<string, unknown>,
  precision: Precision = "fp32",
): Promise<NativeModel> {
  return NativeModel.load({
    config,
    labels,
    tensors: [],
    script,
    seed: 1,
    precision,
    threads: 1,
    device: testDevice,
  });
}

async function train(model: NativeModel, steps: number, dropout = true): Promise<number[]> {
  const run = await model.startTraining({ ...training, learningRate: 5e-3, totalSteps: steps, dropout });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await run.step([batch as LabelledBatch])).loss);
  return losses;
}

const tiny = tinySource();
const tinyFile = join(folder, "tiny.pt");
const tinyRequest = {
  trace: tinyFile,
  directory: join(folder, "tiny"),
  config: {
    ...(JSON.parse(readFileSync(tiny.config, "utf8")) as object),
    num_labels: labels,
    pad_token_id: 0,
  },
  mode: "train",
  attention: "sdpa",
  ids: rows.ids.map((id) => id % 20),
  offsets: rows.offsets,
};

let expected: Map<string, Answer>;

beforeAll(() => {
  const requests = traces.map((trace) => ({
    trace: fileOf(trace),
    directory: directoryOf(trace),
    config: configs[trace.type],
    mode: trace.mode,
    attention: trace.attention,
    ...rows,
  }));
  const answers = runPython("foreign_modules.py", [
    ...requests,
    { script: scripted, ...rows },
    tinyRequest,
  ]) as Answer[];
  expected = new Map([...requests.map(({ trace }) => trace), scripted].map((file, i) => [file, answers[i]!]));
});

/** What every training left, for Python to load. */
const trained = new Map<string, { trace: Trace; logits: Float32Array }>();

describe.each(traces)("$type with $attention attention, traced in $mode mode", (trace) => {
  const file = fileOf(trace);
  const config = configOf(trace.type);
  const saved = `${file.slice(0, -3)}-trained.pt`;

  it("is found sound, and gives Python's logits at sizes never traced", async () => {
    expect(await vetTorchScript(file, config, true, undefined)).toEqual({ outputs: labels });
    await using model = await load(file, config);
    expect(largestDifference(await model.predict(batch), expected.get(file)!.logits)).toBeLessThan(1e-5);
    expect(await model.parameterNames()).toEqual(expected.get(file)!.names);
    expect(model.info.vocabularySize).toBe(50);
    if (trace.type !== "xlnet") expect(model.info.maxLength).toBe(trace.type === "roberta" ? 38 : 40);
  });

  it("learns with dropout alive, the same from the same seed, and is saved", async () => {
    await using model = await load(file, config);
    const losses = await train(model, 12);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
    const logits = await model.predict(batch);
    await model.save(saved);

    await using again = await load(file, config);
    expect(await train(again, 12)).toEqual(losses);
    await using without = await load(file, config);
    expect(await train(without, 12, false)).not.toEqual(losses);

    trained.set(saved, { trace, logits });
    const fusedInEval = trace.attention === "sdpa" && trace.mode === "eval";
    expect(model.info.notes.length).toBe(fusedInEval ? 1 : 0);
  });
});

it("gives Python the same logits, names of parameters and dropout from what it saved", () => {
  const requests = Array.from(trained, ([load, { trace }]) => ({
    load,
    ...rows,
    padding: paddings[trace.type],
    left: trace.type === "xlnet",
    types: true,
  }));
  const answers = runPython("foreign_modules.py", requests) as Answer[];
  expect(answers.length).toBe(traces.length);
  for (const [i, { trace, logits }] of [...trained.values()].entries()) {
    expect(largestDifference(logits, answers[i]!.logits)).toBeLessThan(1e-5);
    expect(answers[i]!.names).toEqual(expected.get(fileOf(trace))!.names);
    expect(answers[i]!.dropout).toBe(true);
  }
});

it.each([
  { type: "xlnet", labels: ["a", "b", "c", "d"] },
  { type: "roberta", labels: null },
] as const)("takes what scripts/trace-huggingface.py makes of $type", async ({ type, labels }) => {
  const directory = directoryOf(traces.find((trace) => trace.type === type)!);
  const script = fileURLToPath(new URL("../../scripts/trace-huggingface.py", import.meta.url));
  const file = join(folder, `${type}.pt`);
  const head = labels ? ["--labels", labels.join(",")] : [];
  const output = execFileSync(findParityPython()!, [script, directory, file, ...head]).toString();
  expect(output).toContain(`labels: ${(labels ?? ["LABEL_0", "LABEL_1", "LABEL_2"]).join(", ")}`);
  const outputs = labels?.length ?? 3;
  expect(await vetTorchScript(file, configOf(type), true, undefined)).toEqual({ outputs });
});

it("trains a scripted recurrent network that returns a dictionary", async () => {
  expect(await vetTorchScript(scripted, configOf("bert"), true, undefined)).toEqual({ outputs: labels });
  await using model = await load(scripted, configOf("bert"));
  const { logits, names } = expected.get(scripted)!;
  expect(largestDifference(await model.predict(batch), logits)).toBeLessThan(1e-5);
  expect(await model.parameterNames()).toEqual(names);
  const losses = await train(model, 30);
  expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
});

it("computes in bf16 what it does in fp32, within its precision", async () => {
  await using exact = await load(fileOf(traces[2]!), configOf("bert"));
  await using rounded = await load(fileOf(traces[2]!), configOf("bert"), "bf16");
  const probability = (x: number) => 1 / (1 + Math.exp(-x));
  const [a, b] = [await exact.predict(batch), await rounded.predict(batch)];
  expect(a).not.toEqual(b);
  expect(largestDifference(a.map(probability), b.map(probability))).toBeLessThan(0.01);
  expect((await train(rounded, 12)).at(-1)).toBeLessThan(0.5);
});

describe("a traced BERT, by the Trainer and the Classifier", () => {
  const { tokenizer } = tiny;
  const file = tinyFile;
  const names = ["delivery", "money", "access"];
  const options = { tokenizer, trust: true, threads: 1, device: testDevice };

  it("is trained, saved, and used from its directory", async () => {
    const output = join(folder, "trained");
    const run = {
      model: file,
      ...options,
      train: tinyDataset(320),
      output,
      epochs: 8,
      batchSize: 8,
      learningRate: 3e-3,
    };
    const { epochs } = await finish(run);
    expect(epochs.at(-1)!.validation!.micro.f1).toBeGreaterThan(0.9);
    await using classifier = await Classifier.load(output, { trust: true, threads: 1, device: testDevice });
    expect(classifier.labels).toEqual(names);
    const { labels: found } = await classifier.predict("please help when is my parcel");
    expect(found).toEqual(["delivery"]);
  });

  it("is no model for other numbers of labels, without trust, or without a tokenizer", async () => {
    const output = join(folder, "refused");
    const { labelNames, ...data } = tinyDataset(40);
    const two = { ...data, labelNames: labelNames.slice(1), labels: data.labels.slice(0, 80) };
    await expect(finish({ model: file, ...options, train: two, output })).rejects.toThrow(
      /gives 3 scores .* 2 labels/,
    );
    await expect(Classifier.load(file, { tokenizer })).rejects.toThrow(/--trust/);
    await expect(Classifier.load(file, { trust: true })).rejects.toThrow(/--tokenizer DIR/);
    await using classifier = await Classifier.load(file, options);
    expect(classifier.labels).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
    await using named = await Classifier.load(file, { ...options, labels: names });
    expect(named.labels).toEqual(names);
  });
});
