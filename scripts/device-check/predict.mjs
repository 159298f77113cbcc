// node predict.mjs TAGFORMER MODEL TEXTS DEVICE PRECISION: texts in, scores out. TEXTS is a JSON list. Prints JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [tagformer, model, textsFile, device, precision] = process.argv.slice(2);
const { Classifier } = await import(pathToFileURL(tagformer).href);
const texts = JSON.parse(readFileSync(textsFile, "utf8"));
const classifier = await Classifier.load(model, { device, precision });
await classifier.probabilities(texts.slice(0, Math.ceil(texts.length / 10))); // makes what is made once
const start = performance.now();
const scores = await classifier.probabilities(texts);
const seconds = (performance.now() - start) / 1000;
const found = {
  device: classifier.device,
  rowsPerSecond: texts.length / seconds,
  scores: Array.from(scores.slice(0, 60)),
};
await classifier.dispose();
process.stdout.write(JSON.stringify(found));
