// TorchScript modules that say where they compute, as all do that were traced from transformers: they go to the device
// whole, and what is saved there names it nowhere.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";
import { start } from "../native/tiny-bert.js";
import { largestDifference, temporaryFolder } from "../parity/models.js";
import { archive, code, labels, parts } from "../unit/model/torchscript/module.mjs";
import { simulated } from "./simulated.js";

const config = { model_type: "torchscript", pad_token_id: 0 };
const batch = {
  ids: Int32Array.from([1, 2, 3, 4]),
  offsets: Int32Array.from([0, 1, 4]),
  labels: Float32Array.from([1, 0, 0, 1]),
};

/** A bag of words whose word counts more the later it stands: positions are made on the device that was traced. */
const source = code([
  'positions = torch.arange(torch.size(input_ids, 1), dtype=6, layout=0, device=torch.device("cpu"), pin_memory=False)',
  "x = torch.mul(torch.embedding(weight, input_ids), torch.unsqueeze(torch.add(positions, 1), -1))",
  "return torch.sum(torch.mul(x, torch.unsqueeze(attention_mask, -1)), [1])",
]);

const file = join(temporaryFolder(), "traced.pt");
writeFileSync(file, archive(parts(source)));

const load = (script: string, device: string) =>
  NativeModel.load({
    config,
    labels,
    tensors: [],
    script,
    seed: 1,
    precision: "fp32",
    threads: 1,
    device,
  });

describe("a module that was traced on the CPU", () => {
  it("predicts and trains on a device as there", async () => {
    const losses: number[][] = [];
    const logits: Float32Array[] = [];
    for (const device of ["cpu", "cuda"]) {
      await using model = await load(file, device);
      logits.push(await model.predict(batch));
      const run = await start(model, { dropout: false });
      losses.push([(await run.step([batch])).loss, (await run.step([batch])).loss]);
    }
    expect(largestDifference(logits[0]!, logits[1]!)).toBeLessThan(1e-5);
    expect(largestDifference(losses[0]!, losses[1]!)).toBeLessThan(1e-5);
  });

  it("is saved as one that computes anywhere", async () => {
    await using model = await load(file, "cuda");
    await (await start(model)).step([batch]);
    const saved = join(temporaryFolder(), "saved.pt");
    await model.save(saved);
    await using copy = await load(saved, "cpu");
    expect(largestDifference(await copy.predict(batch), await model.predict(batch))).toBeLessThan(1e-5);
    await model.predict(batch); // and goes on where it is
  });

  it.skipIf(!simulated)("is saved from a device that is full, and goes on", async () => {
    const device = simulated!;
    await using model = await load(file, "cuda");
    const logits = await model.predict(batch);
    const saved = join(temporaryFolder(), "saved.pt");
    device.limitMemory(device.counters().bytes);
    try {
      await model.save(saved);
    } finally {
      device.limitMemory(-1);
    }
    expect(await model.predict(batch)).toEqual(logits);
    await using copy = await load(saved, "cuda");
    expect(await copy.predict(batch)).toEqual(logits);
  });
});
