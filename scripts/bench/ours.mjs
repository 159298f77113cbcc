// One sample of tagformer; python/theirs.py is its twin.
// In: {directory, work: train | predict | check, precision, batchSize, passes, warmUp, threads, optimizer}.
// Out: {seconds, peakMemory}, the time of each pass over all rows, or for a check {logits, loss}.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readModelDirectory } from "../../dist/model/directory.js";
import { readSafetensors } from "../../dist/model/safetensors.js";
import { NativeModel } from "../../dist/native.js";
import { selectLabelledRows, trainingPlan } from "../../dist/text/plan.js";

const request = JSON.parse(process.argv[2]);

async function readBatches() {
  const file = join(request.directory, "texts.safetensors");
  const { buffer, byteOffset } = await readFile(file);
  const tensors = new Map(
    (await readSafetensors(file)).map(({ name, begin, end }) => [
      name,
      buffer.slice(byteOffset + begin, byteOffset + end),
    ]),
  );
  const int32 = (name) => new Int32Array(tensors.get(name));
  const rows = {
    ids: int32("ids"),
    offsets: int32("offsets"),
    labels: new Float32Array(tensors.get("labels")),
  };
  return trainingPlan(int32("shuffled"), request.batchSize).map((plan) => selectLabelledRows(rows, plan));
}

async function loadModel() {
  const { config, tensors, labels } = await readModelDirectory(request.directory);
  const { precision, threads } = request;
  return NativeModel.load({ config, labels: labels.names.length, tensors, seed: 1, precision, threads });
}

function startTraining(model, dropout) {
  return model.startTraining({
    ...request.optimizer,
    schedule: "constant",
    warmupSteps: 0,
    totalSteps: 1000,
    seed: 1,
    dropout,
  });
}

async function measure(batches, step) {
  const longest = batches.reduce((a, b) => (b.ids.length > a.ids.length ? b : a));
  for (let i = 0; i < request.warmUp; i++) await step(longest);
  const seconds = [];
  for (let pass = 0; pass < request.passes; pass++) {
    const begin = performance.now();
    for (const batch of batches) await step(batch);
    seconds.push((performance.now() - begin) / 1000);
  }
  return { seconds, peakMemory: 1024 * process.resourceUsage().maxRSS };
}

const works = {
  async train(model, batches) {
    await startTraining(model, true);
    return measure(batches, (batch) => model.trainStep([batch]));
  },
  predict(model, batches) {
    return measure(batches, (batch) => model.predict(batch));
  },
  async check(model, batches) {
    const logits = [];
    for (const batch of batches) logits.push(...(await model.predict(batch)));
    await startTraining(model, false);
    const { loss } = await model.trainStep([batches[0]]);
    return { logits, loss };
  },
};

const model = await loadModel();
try {
  process.stdout.write(JSON.stringify(await works[request.work](model, await readBatches())));
} finally {
  await model.dispose();
}
