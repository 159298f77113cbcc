// Weights that are damaged inside a file that is well formed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { testDevice } from "../test-device.js";
import { errorOf, finish, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";

let directory: string;
let weights: Buffer;
beforeAll(async () => {
  directory = (await finish(tinyRun({ epochs: 1, train: tinyDataset(50) }))).end.directory;
  weights = readFileSync(join(directory, "model.safetensors"));
});

/** The file with one number of one tensor changed. */
function damaged(tensor: string, value: number): Buffer {
  const bytes = Buffer.from(weights);
  const headerBytes = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes));
  bytes.writeFloatLE(value, 8 + headerBytes + header[tensor].data_offsets[0] + 4);
  return bytes;
}

const damages = [
  [Number.NaN, "fp32"],
  [Number.POSITIVE_INFINITY, "fp32"],
  [Number.NaN, "bf16"],
  [Number.NEGATIVE_INFINITY, "int8"], // of the CPU alone
] as const;

it.each(damages.filter(([, precision]) => testDevice === "cpu" || precision !== "int8"))(
  "with a %d are refused by the tensor's name in %s",
  async (value, precision) => {
    const tensor = "bert.encoder.layer.0.output.dense.weight";
    writeFileSync(join(directory, "model.safetensors"), damaged(tensor, value));
    expect(await errorOf(() => Classifier.load(directory, { precision }))).toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringMatching(
        new RegExp(`tensor ${tensor} in .*model\\.safetensors holds NaN or infinite`),
      ),
    });
  },
);
