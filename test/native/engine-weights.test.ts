// Weights and the files they came from: what is read once, what is read again, and what is shared.
import { chmodSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.js";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeModelSpec } from "../../src/native/types.js";
import { temporaryFolder } from "../parity/models.js";
import { testDevice } from "../test-device.js";
import { batchOf, freshModel, train, weightsOf } from "./tiny-bert.js";

let bytes: Buffer;
beforeAll(async () => {
  const file = join(temporaryFolder(), "model.safetensors");
  await using model = await freshModel();
  await model.save(file);
  bytes = readFileSync(file);
});

const precisions = ["fp32", "bf16"] as const;

/** A file of its own for a test. */
function weightsFile(mode = 0o644): string {
  const file = join(temporaryFolder(), "model.safetensors");
  writeFileSync(file, bytes);
  chmodSync(file, mode);
  return file;
}

async function loadFrom(file: string, changes: Partial<NativeModelSpec> = {}): Promise<NativeModel> {
  return freshModel({ seed: 99, tensors: await readSafetensors(file), ...changes });
}

const isMapped = (file: string) => readFileSync("/proc/self/maps", "utf8").includes(file);

describe("a file that may be written to", () => {
  it.each(precisions)("changes no %s prediction when it is overwritten or cut", async (precision) => {
    const file = weightsFile();
    await using model = await loadFrom(file, { precision });
    expect(isMapped(file)).toBe(false);
    const before = await model.predict(batchOf(9));
    writeFileSync(
      file,
      bytes.map((byte, i) => (i > bytes.length / 2 ? 0 : byte)),
    );
    expect(await model.predict(batchOf(9))).toEqual(before);
    truncateSync(file, 100);
    expect(await model.predict(batchOf(9))).toEqual(before);
  });

  it("is not needed again in fp32", async () => {
    const file = weightsFile();
    await using model = await loadFrom(file);
    truncateSync(file, 100);
    await model.save(file);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });
});

describe("a model in bf16", () => {
  it("saves the fp32 weights that it was loaded from", async () => {
    const file = weightsFile();
    const saved = join(temporaryFolder(), "saved.safetensors");
    await using model = await loadFrom(file, { precision: "bf16" });
    rmSync(file); // an open file is there until it is closed
    await model.save(saved);
    expect(readFileSync(saved).equals(bytes)).toBe(true);
  });

  it.each([
    [
      "other numbers",
      (file: string) =>
        writeFileSync(
          file,
          bytes.map((byte, i) => (i > 9000 ? 1 : byte)),
        ),
    ],
    ["a newer date", (file: string) => utimesSync(file, 1e9, 1e9)],
    ["fewer bytes", (file: string) => truncateSync(file, 100)],
  ])("refuses to save or train from a file that now has %s", async (_, change) => {
    const file = weightsFile();
    await using model = await loadFrom(file, { precision: "bf16" });
    const before = await model.predict(batchOf(9));
    change(file);
    const changed = { code: "IO", message: expect.stringContaining(`${file} was changed since`) };
    await expect(model.save(join(temporaryFolder(), "saved"))).rejects.toMatchObject(changed);
    await expect(train(model, [batchOf(8)])).rejects.toMatchObject(changed);
    expect(await model.predict(batchOf(9))).toEqual(before);
  });

  it("trains like a fresh one, from a file and without", async () => {
    await using fresh = await freshModel({ precision: "bf16" });
    await using loaded = await loadFrom(weightsFile(), { precision: "bf16" });
    const batches = [batchOf(8), batchOf(8, 2)];
    expect(await train(loaded, batches)).toEqual(await train(fresh, batches));
    expect(await weightsOf(loaded)).toEqual(await weightsOf(fresh));
  });
});

describe("a file that nobody may write to", () => {
  // A device has a copy.
  it.runIf(testDevice === "cpu")("is mapped, and gives the same numbers", async () => {
    const file = weightsFile(0o444);
    await using copied = await loadFrom(weightsFile());
    await using mapped = await loadFrom(file);
    expect(isMapped(file)).toBe(true);
    expect(await mapped.predict(batchOf(20))).toEqual(await copied.predict(batchOf(20)));
    expect(await weightsOf(mapped)).toEqual(await weightsOf(copied));
  });

  it("is left alone by training", async () => {
    const file = weightsFile(0o444);
    await using copied = await loadFrom(weightsFile());
    await using mapped = await loadFrom(file);
    const batches = [batchOf(8), batchOf(8, 2)];
    expect(await train(mapped, batches)).toEqual(await train(copied, batches));
    expect(await weightsOf(mapped)).toEqual(await weightsOf(copied));
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it("may be deleted, and is let go with the model", async () => {
    const file = weightsFile(0o444);
    const model = await loadFrom(file);
    const before = await model.predict(batchOf(9));
    rmSync(file);
    expect(await model.predict(batchOf(9))).toEqual(before);
    await model.dispose();
    expect(isMapped(file)).toBe(false);
  });
});
