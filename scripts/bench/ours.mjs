// One sample of tagformer, in a process of its own.
// In: {directory, set, work: train | predict | start | check, trains, precision, batchSize, warmUp, warmUpRows, passes,
// threads, optimizer}.
// Out: {seconds, peakMemory}, the time of each pass over all texts; for a check {logits}, and {loss, gradientNorm} where the
// contestant trains; {refused} when this version of tagformer does not know the precision.

import { Classifier } from "../../dist/bundle/index.js";
import { answer, measure, peakMemory } from "./measure.mjs";
import { checkedRows, inBatches, readTexts, select, sortedBatches } from "./texts.mjs";

const request = JSON.parse(process.argv[2]);
const { directory, precision, threads } = request;

/** Rows as the engine takes them: one after the other, never padded. */
function batchOf({ ids, types, labels }) {
  const offsets = new Int32Array(ids.length + 1);
  for (const [i, row] of ids.entries()) offsets[i + 1] = offsets[i] + row.length;
  return {
    ids: Int32Array.from(ids.flat()),
    types: Int32Array.from(types.flat()),
    offsets,
    labels: Float32Array.from(labels.flat()),
  };
}

async function startTraining(dropout) {
  // Not public, and a prediction shall not wait for it.
  const { readModelDirectory } = await import("../../dist/model/directory.js");
  const { NativeModel } = await import("../../dist/native/model.js");
  const { config, tensors, labels } = await readModelDirectory(directory);
  const model = await NativeModel.load({
    config,
    labels: labels.names.length,
    tensors,
    seed: 1,
    precision,
    threads,
    training: true,
  });
  const schedule = { schedule: "constant", warmupSteps: 0, totalSteps: 1000 };
  const training = await model.startTraining({ ...request.optimizer, ...schedule, seed: 1, dropout });
  return { model, training };
}

const works = {
  /** A whole step warms up: an epoch has thousands, and only the first takes its memory from the system. */
  async train() {
    const set = readTexts(request);
    const batches = inBatches([...set.ids.keys()], request.batchSize).map((rows) =>
      batchOf(select(set, rows)),
    );
    const { model, training } = await startTraining(true);
    const step = (batch) => training.step([batch]);
    answer(await measure(request, batches, step, batches[0]));
    await model.dispose();
  },

  /** From texts to scores by name, as people use it. */
  async predict() {
    const set = readTexts(request);
    const [longest] = sortedBatches(set, request.warmUpRows);
    const classifier = await Classifier.load(directory, { precision, threads });
    const step = (texts) => classifier.predict(texts);
    answer(await measure(request, [set.texts], step, select(set, longest).texts));
    await classifier.dispose();
  },

  async start() {
    const { texts } = readTexts(request);
    const classifier = await Classifier.load(directory, { precision, threads });
    const predictions = await classifier.predict(texts);
    answer({ predictions, peakMemory: peakMemory() });
    await classifier.dispose();
  },

  async check() {
    const set = readTexts(request);
    const checked = select(set, checkedRows(set));
    const classifier = await Classifier.load(directory, { precision, threads });
    const logits = Array.from(await classifier.logits(checked.texts));
    await classifier.dispose();
    if (!request.trains) return answer({ logits });
    const { model, training } = await startTraining(false);
    const { loss, gradientNorm } = await training.step([batchOf(checked)]);
    await model.dispose();
    answer({ logits, loss, gradientNorm });
  },
};

try {
  await works[request.work]();
} catch (error) {
  if (error.code !== "INVALID_OPTION") throw error;
  answer({ refused: error.message });
}
