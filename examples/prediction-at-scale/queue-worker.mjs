// node queue-worker.mjs MODEL: answers jobs of a BullMQ queue, each with some texts, until SIGTERM. As many workers as there are
// machines may run: Redis deals the jobs out, and gives those of a worker that dies to another. Needs `npm install bullmq ioredis`.
import { Worker } from "bullmq";
import { Classifier } from "tagformer";

const classifier = await Classifier.load(process.argv[2]);
const { REDIS_HOST: host = "127.0.0.1", REDIS_PORT: port = "6379" } = process.env;

const worker = new Worker(
  "predict",
  async ({ data }) =>
    (await classifier.predict(data.texts)).map(({ labels, scores }) => ({ labels, scores })),
  // Concurrent jobs share the model's batches.
  { connection: { host, port: Number(port) }, concurrency: 8 },
);

process.once("SIGTERM", async () => {
  await worker.close(); // its jobs are answered first
  await classifier.close();
});
