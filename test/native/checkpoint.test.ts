// A training that is written down and picked up: the same bits as one that went on.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { NativeModelSpec, NativeTrainingOptions } from "../../src/native/types.js";
import { temporaryFolder } from "../parity/models.js";
import { batchOf, freshModel, start, takeSteps } from "./tiny-bert.js";

const batches = Array.from({ length: 12 }, (_, i) => batchOf(6, i + 1));
const file = () => join(temporaryFolder(), "training.safetensors");

async function savedWeights(model: NativeModel): Promise<Buffer> {
  const weights = file();
  await model.save(weights);
  return readFileSync(weights);
}

async function begin(spec: Partial<NativeModelSpec>, options: Partial<NativeTrainingOptions>) {
  const model = await freshModel({ training: true, ...spec });
  return { model, run: await start(model, options) };
}

/** All bits that a training goes on from. */
async function stateOf(run: NativeTraining): Promise<Buffer> {
  const written = file();
  await run.writeCheckpoint(written);
  return readFileSync(written);
}

const kinds: [string, Partial<NativeModelSpec>, Partial<NativeTrainingOptions>][] = [
  ["fp32", {}, {}],
  ["bf16", { precision: "bf16" }, {}],
  ["the dense form", { dense: true }, {}],
  ["the dense form in bf16", { dense: true, precision: "bf16" }, {}],
  ["frozen layers", {}, { freezeLayers: 1 }],
  ["frozen embeddings, layer decay", {}, { freezeEmbeddings: true, layerDecay: 0.9 }],
  ["uncorrected epsilon", {}, { epsilonBeforeCorrection: true }],
];

describe.each(kinds)("in %s", (_, spec, options) => {
  it("a training that is restored makes the steps of one that went on, bit for bit", async () => {
    const undisturbed = await begin(spec, options);
    const losses = await takeSteps(undisturbed.run, batches);
    const weights = await savedWeights(undisturbed.model);
    const state = await stateOf(undisturbed.run);
    await undisturbed.model.dispose();

    const interrupted = await begin(spec, options);
    await takeSteps(interrupted.run, batches.slice(0, 7));
    const checkpoint = file();
    await interrupted.run.writeCheckpoint(checkpoint);
    await interrupted.model.dispose();

    // Other first weights: all must come from the checkpoint. libtorch's own sums depend on the number of threads.
    const resumed = await begin({ ...spec, seed: 2, threads: spec.dense ? 2 : 1 }, options);
    await resumed.run.restore(await readSafetensors(checkpoint), 7);
    expect(await takeSteps(resumed.run, batches.slice(7))).toEqual(losses.slice(7));
    expect((await savedWeights(resumed.model)).equals(weights)).toBe(true);
    expect((await stateOf(resumed.run)).equals(state)).toBe(true);
    await resumed.model.dispose();
  });

  it("a checkpoint is of the step at which it was asked for, whatever follows", async () => {
    await using quiet = (await begin(spec, options)).model;
    const first = await start(quiet, options);
    await takeSteps(first, batches.slice(0, 4));
    const expected = await stateOf(first);
    const { model, run } = await begin(spec, options);
    await takeSteps(run, batches.slice(0, 4));
    const busy = file();
    const writing = run.writeCheckpoint(busy);
    await takeSteps(run, batches.slice(4));
    await writing;
    expect(readFileSync(busy).equals(expected)).toBe(true);
    await model.dispose();
  });
});

describe("a checkpoint", () => {
  it("of rows that no text named for a while has their updates", async () => {
    const { model, run } = await begin({}, {});
    await takeSteps(run, [batches[0]!, ...Array.from({ length: 9 }, () => batches[1]!)]);
    const state = await stateOf(run);
    await model.parameterNames(); // nothing reads the weights in between
    expect((await stateOf(run)).equals(state)).toBe(true);
    await model.dispose();
  });

  it("of another model is refused by the name of a tensor, and one that has begun takes none", async () => {
    const { model, run } = await begin({}, {});
    await run.step([batches[0]!]);
    const checkpoint = file();
    await run.writeCheckpoint(checkpoint);
    const tensors = await readSafetensors(checkpoint);
    await expect(run.restore(tensors, 1)).rejects.toMatchObject({ code: "INTERNAL" });
    const other = await begin({ labels: 4 }, {});
    await expect(other.run.restore(tensors, 1)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(
        /the checkpoint is of another model: it has no tensor weights\.classifier\./,
      ),
    });
    const frozen = await begin({}, { freezeLayers: 1 });
    await expect(frozen.run.restore(tensors, 1)).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(/this one has no tensor for means\./),
    });
    for (const one of [model, other.model, frozen.model]) await one.dispose();
  });

  it("that cannot be written rejects, and the training goes on", async () => {
    const { model, run } = await begin({}, {});
    const nowhere = join(temporaryFolder(), "none", "training.safetensors");
    await expect(run.writeCheckpoint(nowhere)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining(nowhere),
    });
    expect(await run.step([batches[0]!])).toMatchObject({ step: 1, applied: true });
    const there = file();
    await run.writeCheckpoint(there);
    expect(existsSync(there)).toBe(true);
    await model.dispose();
  });

  it("that is being written when its model is disposed of ends, one way or the other", async () => {
    const { model, run } = await begin({}, {});
    await run.step([batches[0]!]);
    const outcome = run.writeCheckpoint(file()).then(
      () => "written",
      (error) => error.code,
    );
    await model.dispose();
    expect(["written", "DISPOSED"]).toContain(await outcome);
  });
});
