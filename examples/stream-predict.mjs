// Predicts a file of any size in constant memory, and writes one line of JSON a row.
//
//   node examples/stream-predict.mjs ./tickets-model comments.csv predictions.jsonl
//
// The table (CSV, TSV, JSON Lines or one text a line) is read only as fast as predictions are written.
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Classifier, readTexts } from "tagformer";

const [model, input, output] = process.argv.slice(2);
const classifier = await Classifier.load(model);
try {
  await pipeline(Readable.from(lines()), createWriteStream(output));
} finally {
  await classifier.dispose();
}

async function* lines() {
  let rows = 0;
  for await (const chunk of readTexts(input)) {
    const predictions = await classifier.predict(chunk.map(({ text }) => text));
    yield chunk.map(({ id }, i) => `${JSON.stringify({ id, ...predictions[i] })}\n`).join("");
    rows += chunk.length;
    console.log(`${rows} rows, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`);
  }
}
