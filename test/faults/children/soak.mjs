// Whether memory grows: node --expose-gc soak.mjs DIRECTORY LOADS PREDICTIONS
// Loads and disposes of a model LOADS times, then predicts PREDICTIONS texts; reports the growth of the resident set in
// megabytes over the last four fifths of each, when all that is kept anyway has been taken.
import { Classifier } from "../../../dist/index.js";
import { report } from "./work.mjs";

const [directory, loads, predictions] = process.argv.slice(2);
const textsAtOnce = 100;

function residentMegabytes() {
  globalThis.gc();
  return process.memoryUsage.rss() / 1e6;
}

/** Does something `times` times; the growth after the first fifth. */
async function growthOf(times, work) {
  let start;
  for (let i = 0; i < times; i++) {
    if (i === Math.floor(times / 5)) start = residentMegabytes();
    await work(i);
  }
  return residentMegabytes() - start;
}

const loading = await growthOf(Number(loads), async () => {
  const classifier = await Classifier.load(directory, { threads: 1 });
  await classifier.predict("a text so that the model has worked");
  await classifier.dispose();
});
const classifier = await Classifier.load(directory, { threads: 1 });
const predicting = await growthOf(Number(predictions) / textsAtOnce, async (i) => {
  const texts = Array.from({ length: textsAtOnce }, (_, j) => "my parcel is late ".repeat((i * 7 + j) % 8));
  if (i % 2 === 0) await classifier.predict(texts);
  else await Promise.all(texts.map((text) => classifier.predict(text)));
});
await classifier.dispose();
report({ growth: { loading, predicting } });
