// TorchScript modules whose buffers change: running statistics, counters.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import { temporaryFolder } from "../parity/models.js";
import {
  archive,
  bagOfWords,
  code,
  labels,
  parts,
  pickle,
  weights,
} from "../unit/model/torchscript/module.mjs";
import { start } from "./tiny-bert.js";

const folder = temporaryFolder();
const config = { model_type: "torchscript", pad_token_id: 0 };
const batch = {
  ids: Int32Array.from([1, 2, 3, 4]),
  offsets: Int32Array.from([0, 1, 4]),
  labels: Float32Array.from([1, 0, 0, 1]),
};
const options = { learningRate: 0.1, schedule: "constant", totalSteps: 20 } as const;

let written = 0;
const load = (script: string) =>
  NativeModel.load({ config, labels, tensors: [], script, seed: 1, precision: "fp32", threads: 1 });

/** The bag of words, in plain numbers. */
function expected(): number[] {
  const sum = (ids: readonly number[], label: number) =>
    ids.reduce((total, id) => total + weights[id * labels + label]!, 0);
  return [[1], [2, 3, 4]].flatMap((ids) => [0, 1].map((label) => sum(ids, label)));
}

const normed = [
  ...bagOfWords.slice(0, -1),
  "y = torch.sum(torch.mul(x0, mask), [1])",
  "if self.training:",
  "  _0 = torch.add_(self.steps, 1)",
  "return torch.batch_norm(y, None, None, self.mean, self.variance, self.training, 0.1, 1.0e-05, False)",
];
const attributes = ["mean : Tensor", "variance : Tensor", "steps : Tensor"];

/** Means of 0, variances of 1. */
function writeNormed(body: string[] = normed, members: string[] = [], lists: string[] = []): string {
  const file = join(folder, `${written++}.pt`);
  const numbers = Float32Array.from([...weights, 0, 0, 1, 1, 0, 0]);
  const data = pickle({ elements: numbers.length, buffers: ["mean", "variance", "steps"], lists });
  const [, ...others] = parts(code(body, [...attributes, ...members]), data);
  writeFileSync(file, archive([{ name: "data/0", bytes: Buffer.from(numbers.buffer) }, ...others]));
  return file;
}

async function losses(run: NativeTraining, steps: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < steps; i++) all.push((await run.step([batch])).loss);
  return all;
}

it("a module with running statistics is loaded as its file has it", async () => {
  await using model = await load(writeNormed());
  const logits = await model.predict(batch);
  for (const [i, value] of expected().entries())
    expect(logits[i]).toBeCloseTo(value / Math.sqrt(1 + 1e-5), 5);
});

it("a module with running statistics goes on from a checkpoint with its statistics, bit for bit", async () => {
  const script = writeNormed();
  const saved = async (model: NativeModel) => {
    const file = join(folder, `${written++}.pt`);
    await model.save(file);
    return { file: readFileSync(file), logits: await model.predict(batch) };
  };
  await using undisturbed = await load(script);
  const all = await losses(await start(undisturbed, options), 12);
  await using interrupted = await load(script);
  const first = await start(interrupted, options);
  await losses(first, 7);
  const checkpoint = join(folder, "checkpoint.safetensors");
  // What the steps that follow change is not in it.
  const writing = first.writeCheckpoint(checkpoint);
  await first.step([batch]);
  await writing;
  await using resumed = await load(script);
  const run = await start(resumed, options);
  await run.restore(await readSafetensors(checkpoint), 7);
  expect(await losses(run, 5)).toEqual(all.slice(7));
  expect(await saved(resumed)).toEqual(await saved(undisturbed));
});

it("a module with running statistics keeps them in a step that is not applied", async () => {
  await using model = await load(writeNormed());
  const run = await start(model, options);
  await run.step([batch]);
  const before = await model.predict(batch);
  const weighted = { ...batch, weights: Float32Array.of(1e38, 1e38) };
  expect(await run.step([weighted])).toMatchObject({ applied: false });
  expect(await model.predict(batch)).toEqual(before);
});

it("a module with running statistics gives the same scores whatever it has predicted before, also where forward always changes a buffer", async () => {
  const counting = ["_0 = torch.add_(self.steps, 1)", ...normed];
  counting[counting.length - 1] = `${counting.at(-1)} + self.steps`;
  await using model = await load(writeNormed(counting));
  const logits = await model.predict(batch);
  for (const [i, value] of expected().entries()) expect(logits[i]).toBeCloseTo(1 + value, 4);
  expect(await model.predict(batch)).toEqual(logits);
});

it("a module with running statistics is refused when it changes a list", async () => {
  const list = writeNormed(
    ["_0 = torch.append(self.seen, 1)", ...bagOfWords],
    ["seen : List[int]"],
    ["seen"],
  );
  await expect(load(list)).rejects.toThrow(/changes its list or dictionary seen/);
});
