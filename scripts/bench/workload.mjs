// One model and its rows, as both sides read them, and the proof that both compute the same from them.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ensureMiniLm } from "../parity-python.mjs";
import { say } from "../steps.mjs";
import { runContestant, runPython } from "./contestants.mjs";
import { compare, violations } from "./parity.mjs";
import { configurations, models } from "./plan.mjs";

/** The tutorial that tagformer follows trains on batches of 32 texts, cut at 100 tokens. */
const batchSize = 32;
const maxLength = 100;

const optimizer = {
  learningRate: 2e-5,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 1,
};

/** Writes the workload into a directory of its own in `folder`. */
export async function makeWorkload(model, { quick, threads }, folder) {
  say(`bench: writing the weights and texts of ${models[model].title}`);
  const directory = join(folder, model);
  mkdirSync(directory);
  const { lengths } = await runPython("workload.py", {
    directory,
    model: model === "minilm" ? await ensureMiniLm() : models[model].shape,
    batches: quick ? 2 : 4,
    batchSize,
    maxLength,
  });
  const passes = quick ? 1 : models[model].passes;
  const request = { directory, batchSize, maxLength, warmUp: quick ? 1 : 2, threads, optimizer };
  return { model, lengths, passes, request };
}

/** What a contestant needs to know to take a sample. Prediction takes a third of the time of training, or less. */
export function sampleRequest({ passes, request }, work) {
  return { ...request, work, passes: work === "predict" ? 3 * passes : passes };
}

/** Dropout off: our two precisions against their fp32. Throws when the differences are too large. */
export async function checkParity({ model, request }) {
  say(`bench: comparing what both sides compute with ${models[model].title}`);
  const check = (configuration) => runContestant(configuration, { ...request, work: "check" });
  const [reference] = configurations;
  const ours = (precision) =>
    configurations.find(
      (configuration) => configuration.side === "ours" && configuration.precision === precision,
    );
  const differences = compare(await check(reference), await check(ours("fp32")), await check(ours("bf16")));
  const problems = violations(differences);
  if (problems.length === 0) return differences;
  throw new Error(
    `bench: nothing was timed, because the results for ${models[model].title} differ:\n${problems.join("\n")}`,
  );
}
