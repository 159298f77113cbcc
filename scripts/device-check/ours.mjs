// node ours.mjs JOB RESULT: tagformer's times for the same as peer.py's, with the same files.
import { readFileSync, writeFileSync } from "node:fs";
import { readModelDirectory } from "../../dist/model/directory.js";
import { NativeModel } from "../../dist/native/model.js";
import { plainTraining } from "../../test/fixtures/bert.mjs";

const [jobFile, resultFile] = process.argv.slice(2);
const job = JSON.parse(readFileSync(jobFile, "utf8"));
const batches = job.batches.map(({ ids, offsets, labels }) => ({
  ids: Int32Array.from(ids),
  offsets: Int32Array.from(offsets),
  labels: Float32Array.from(labels),
}));
const timed = batches.slice(job.warm);

const { config, tensors } = await readModelDirectory(job.model);
const onDevice = job.device === "cpu" ? { device: "cpu", dense: true } : { device: job.device };
const { experiments, precision } = job;
const model = await NativeModel.load({
  ...{ config, tensors, labels: batches[0].labels.length / (batches[0].offsets.length - 1) },
  ...{ seed: 1, precision, threads: 0, experiments, ...onDevice },
});
for (const name of experiments) {
  if (!model.info.deviceNote.includes(name))
    throw new Error(`${name} had no effect: the model computed without`);
}

async function seconds(action, warm) {
  for (const batch of warm) await action(batch);
  const start = performance.now();
  for (const batch of timed) await action(batch);
  return (performance.now() - start) / 1000;
}

const run = await model.startTraining({ ...plainTraining, learningRate: job.learningRate });
// A recording is made when a shape comes the second time: shapes of the steps that are timed are made before.
const shapes = experiments.includes("graphs") ? [...timed, ...timed] : [];
const warm = batches.slice(0, job.warm);
const trainingSeconds = await seconds((batch) => run.step([batch]), [...warm, ...shapes]);
const predictionSeconds = await seconds((batch) => model.predict(batch), warm);
writeFileSync(resultFile, JSON.stringify({ trainingSeconds, predictionSeconds }));
await model.dispose();
