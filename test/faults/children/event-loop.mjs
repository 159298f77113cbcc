// How long the event loop stands still while a model is made, trained, saved, loaded and asked:
// node event-loop.mjs SIZE TOKENS
// Reports for each part the delays that loop-delay.mjs describes. `piece` is how long a fixed piece of JavaScript takes on this
// machine, by the same measure.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Classifier, Trainer } from "../../../dist/index.js";
import { smallBert } from "../../fixtures/bert.mjs";
import { delays, held, timePiece, watch } from "./loop-delay.mjs";
import { report } from "./work.mjs";

const sizes = {
  small: { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 128 },
  base: { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
};
const [size, tokens] = process.argv.slice(2);
const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
for (let i = vocabulary.length; i < Number(tokens); i++) vocabulary.push(`w${i.toString(36)}`);

function datasetOf(rows) {
  const texts = Array.from({ length: rows }, (_, row) =>
    Array.from(
      { length: 8 + (row % 9) },
      (_, i) => vocabulary[5 + ((row * 7919 + i * 104_729) % (vocabulary.length - 5))],
    ).join(" "),
  );
  const labels = Float32Array.from({ length: rows * 6 }, (_, i) => (i % 7 === 0 ? 1 : 0));
  return { source: "words", texts, labels, labelNames: ["a", "b", "c", "d", "e", "f"] };
}

const pieceBefore = timePiece();
const directory = mkdtempSync(join(tmpdir(), "tagformer-event-loop-"));
try {
  const source = join(directory, "source");
  const output = join(directory, "model");
  mkdirSync(source);
  const config = {
    ...smallBert,
    vocab_size: vocabulary.length,
    max_position_embeddings: 128,
    ...sizes[size],
  };
  writeFileSync(join(source, "config.json"), JSON.stringify(config));
  writeFileSync(join(source, "vocab.txt"), `${vocabulary.join("\n")}\n`);
  const [training, validation] = [datasetOf(64), datasetOf(32)];
  await watch("training", async () => {
    const run = {
      config: join(source, "config.json"),
      train: training,
      validation,
      output,
      preset: "plain",
      epochs: 1,
      batchSize: 16,
    };
    for await (const _ of new Trainer(run));
  });
  const classifier = await watch("loading", () => Classifier.load(output));
  const { texts } = datasetOf(size === "base" ? 500 : 5000);
  await watch("predicting", () => classifier.predict(texts));
  await watch("many calls", async () => {
    const calls = [];
    for (let i = 0; i < 2000; i++) {
      calls.push(classifier.predict(texts[i % texts.length]));
      if (i % 100 === 99) await setImmediate(); // as many requests of others come
    }
    await Promise.all(calls);
  });
  await watch("evaluating", () => classifier.evaluate(datasetOf(200)));
  await watch("disposing", () => classifier.dispose());
  report({ delays, held, piece: Math.max(pieceBefore, timePiece()) });
} finally {
  rmSync(directory, { recursive: true });
}
