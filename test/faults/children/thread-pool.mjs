// Whether libuv's pool serves others while models work: node thread-pool.mjs DIRECTORY, with UV_THREADPOOL_SIZE=1.
// Reports how many files were read while a long job was still under way.
import { readFile } from "node:fs/promises";
import { Classifier } from "../../../dist/index.js";
import { batchOf, loadModel, report } from "./work.mjs";

const [directory] = process.argv.slice(2);
const models = [await loadModel(), await Classifier.load(directory)];
const [model, classifier] = models;
const texts = Array.from({ length: 2000 }, (_, row) => "my parcel is late ".repeat(1 + (row % 8)));

let working = true;
const job = model.predict(batchOf(400)).finally(() => {
  working = false;
});
const others = classifier.predict(texts); // its tokenizer uses the pool, a little at a time
let reads = 0;
while (reads < 50 && working) {
  await readFile(import.meta.filename);
  reads++;
}
report({ reads });
await Promise.all([job, others]);
await Promise.all(models.map((one) => one.dispose()));
