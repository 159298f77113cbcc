// Five very long texts in a fastify service, and what they do to the others: node long-texts.mjs MODEL
// A caller asks about one short text after the other, first alone, and then beside five texts of 800 KB that come at once.
// Reports the short calls' latencies in milliseconds, how many of them were answered before the last long one, what the loop
// was held up (loop-delay.mjs), and a fixed piece of JavaScript to compare that with.
import fastify from "fastify";
import { Classifier } from "../../../dist/index.js";
import { delays, held, timePiece, watch } from "./loop-delay.mjs";
import { report } from "./work.mjs";

const [model] = process.argv.slice(2);
const aloneCalls = 50;
const longTexts = 5;
const longText = "my parcel is late ".repeat(800_000 / 18);

const classifier = await Classifier.load(model);
const app = fastify({ bodyLimit: 2_000_000 });
app.post("/classify", ({ body }) => classifier.predict(body.text));
const address = await app.listen({ host: "127.0.0.1", port: 0 });

async function ask(text) {
  const response = await fetch(`${address}/classify`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return await response.json();
}

async function timed() {
  const started = performance.now();
  await ask("my parcel is late");
  return performance.now() - started;
}

function summary(latencies) {
  const sorted = latencies.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1), calls: sorted.length };
}

const pieceBefore = timePiece();
for (let i = 0; i < 5; i++) await timed();
const alone = [];
await watch("alone", async () => {
  for (let i = 0; i < aloneCalls; i++) alone.push(await timed());
});
const beside = [];
const cuts = await watch("beside long texts", async () => {
  let waiting = true;
  const answers = Promise.all(Array.from({ length: longTexts }, () => ask(longText))).finally(() => {
    waiting = false;
  });
  while (waiting) beside.push(await timed());
  return (await answers).map(({ tokens }) => tokens.cut);
});
await app.close();
await classifier.close();
report({ alone: summary(alone), beside: summary(beside), cuts, delays, held });
report({ piece: Math.max(pieceBefore, timePiece()) });
