// A pool of worker threads, each with a classifier of its own.
//
//   node examples/worker-pool.mjs ./tickets-model comments.csv [workers]
//
// One classifier already uses every core and never blocks the event loop: a pool pays when the work around it is
// JavaScript that takes long, such as parsing and cleaning of texts. Each worker holds the weights once.
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Classifier, readTexts } from "tagformer";

if (isMainThread) await runPool();
else await runWorker();

async function runPool() {
  const [model, input, size = "2"] = process.argv.slice(2);
  const threads = Math.max(1, Math.floor(availableParallelism() / Number(size)));
  const idle = await Promise.all(Array.from({ length: Number(size) }, () => startWorker(model, threads)));
  const workers = [...idle];
  const counts = {};
  const running = new Set();
  for await (const chunk of readTexts(input)) {
    if (idle.length === 0) await Promise.race(running);
    const worker = idle.pop();
    const job = classify(worker, chunk).then((labels) => {
      for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
      idle.push(worker);
      running.delete(job);
    });
    running.add(job);
  }
  await Promise.all(running);
  for (const worker of workers) worker.postMessage(null);
  console.log(JSON.stringify(counts));
}

async function startWorker(model, threads) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { model, threads } });
  await once(worker, "message"); // its model is loaded; an error of the worker rejects this
  return worker;
}

async function classify(worker, chunk) {
  worker.postMessage(chunk.map(({ text }) => text));
  const [labels] = await once(worker, "message");
  return labels;
}

/** Answers each message, an array of texts, with the labels that were given; `null` ends the worker. */
async function runWorker() {
  const { model, threads } = workerData;
  const classifier = await Classifier.load(model, { threads });
  parentPort.on("message", async (texts) => {
    if (texts !== null) {
      const predictions = await classifier.predict(texts);
      parentPort.postMessage(predictions.flatMap(({ labels }) => labels));
    } else {
      await classifier.dispose();
      parentPort.close();
    }
  });
  parentPort.postMessage("ready");
}
