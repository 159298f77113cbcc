// A device that fails for good ends its model, not the process. A TorchScript module says here what a GPU would say:
// the engine tells such failures by their text, because libtorch has no type for all of them.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";
import { plainTraining } from "../fixtures/bert.mjs";
import { archive, code, labels, parts } from "../unit/model/torchscript/module.mjs";

const folder = mkdtempSync(join(tmpdir(), "tagformer-device-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The module computes until a text has this token. */
const deadly = 7;
const rows = (...ids: number[]) => ({
  ids: Int32Array.from(ids),
  offsets: Int32Array.from([0, ...ids.map((_, i) => i + 1)]),
  labels: new Float32Array(ids.length * labels),
});

/** Whether the deadly token is there, in TorchScript. */
const isDeadly = `bool(torch.any(torch.eq(input_ids, ${deadly})))`;

/** A bag of words that raises `message` when `condition` holds. */
function write(message: string, condition: string): string {
  const body = [
    "x = torch.embedding(weight, input_ids)",
    `bad = ${condition}`,
    "if bad:",
    `  ops.prim.RaiseException(${JSON.stringify(message)}, "RuntimeError")`,
    "else:",
    "  pass",
    "mask = torch.unsqueeze(attention_mask, -1)",
    "return torch.sum(torch.mul(x, mask), [1])",
  ];
  const file = join(folder, `${message.length}-${condition.length}.pt`);
  writeFileSync(file, archive(parts(code(body))));
  return file;
}

const load = (message: string, condition = isDeadly) =>
  NativeModel.load({
    config: { model_type: "torchscript", pad_token_id: 0 },
    labels,
    tensors: [],
    script: write(message, condition),
    seed: 1,
    precision: "fp32",
    threads: 1,
  });

it.each([
  "CUDA error: device-side assert triggered",
  "CUDA error: an illegal memory access was encountered",
  "CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(handle)`",
])("after %s every call rejects, and other models go on", async (message) => {
  await using model = await load(message);
  await using other = await load("never");
  const training = await model.startTraining(plainTraining);
  expect((await training.step([rows(1, 2)])).applied).toBe(true);
  const failure = { code: "DEVICE_FAILED", message: expect.stringContaining(message.slice(0, 20)) };
  await expect(training.step([rows(1, deadly)])).rejects.toMatchObject(failure);
  const later = { code: "DEVICE_FAILED", message: expect.stringContaining("new process") };
  await expect(model.predict(rows(1))).rejects.toMatchObject(later);
  await expect(training.step([rows(1)])).rejects.toMatchObject(later);
  await expect(model.save(join(folder, "never-written"))).rejects.toMatchObject(later);
  expect(await other.predict(rows(1))).toHaveLength(labels);
});

it.each([
  "CUDA error: invalid argument",
  "CUDA error: invalid configuration argument",
  "CUDA error: operation not permitted when stream is capturing",
])("after %s the device goes on, and so does the model", async (message) => {
  await using model = await load(message);
  const training = await model.startTraining(plainTraining);
  await expect(training.step([rows(1, deadly)])).rejects.toMatchObject({
    code: "INVALID_MODEL",
    message: expect.stringContaining(message),
  });
  expect((await training.step([rows(1, 2)])).applied).toBe(true);
  expect(await model.predict(rows(1))).toHaveLength(labels);
});

it.each([
  "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 139.81 GiB",
  "CUDA error: out of memory",
  "CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
])("%s is no such failure: the batch is halved, and the model goes on", async (message) => {
  await using model = await load(message);
  const training = await model.startTraining(plainTraining);
  // The half with the deadly token fails until it stands alone, which is as small as a batch gets.
  await expect(training.step([rows(1, 2, 3, deadly)])).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining(message.slice(0, 20)),
  });
  expect((await training.step([rows(1, 2)])).applied).toBe(true);
});

it("prediction goes on in halves too, down to a text that does not fit alone", async () => {
  const message = "CUDA out of memory. Tried to allocate 2.00 GiB";
  await using model = await load(message, "torch.gt(torch.size(input_ids, 0), 2)");
  const alone = [];
  for (const id of [1, 2, 3, 4, 5]) alone.push(...(await model.predict(rows(id))));
  expect([...(await model.predict(rows(1, 2, 3, 4, 5)))]).toEqual(alone);
  await using other = await load(message);
  await expect(other.predict(rows(1, 2, deadly))).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining("2.00 GiB"),
  });
  expect(await other.predict(rows(1))).toHaveLength(labels);
});
