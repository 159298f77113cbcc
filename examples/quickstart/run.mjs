// npm run quickstart: makes tickets up, trains a small BERT on them from random weights, and uses it.
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import {
  Classifier,
  classificationReport,
  datasetFromRows,
  evaluate,
  selectRows,
  stratifiedSplit,
  Trainer,
} from "tagformer";
import { bagOfWords } from "./bag-of-words.mjs";
import { quickstartRows } from "./generate.mjs";
import { labelNames } from "./tickets.mjs";
import { trainingOptions } from "./training-options.mjs";

const { values: options } = parseArgs({
  options: {
    precision: { type: "string", default: "fp32" },
    seed: { type: "string", default: "42" },
    epochs: { type: "string", default: String(trainingOptions.epochs) },
    output: { type: "string", default: "runs/quickstart" },
  },
});
const seed = Number(options.seed);
const directory = `${options.output}/model`;

const examples = [
  "The app works again, but I was sent two parcels and my package is lost.",
  "I do not want a refund, please cancel my subscription.",
  "I do not want you to cancel my subscription, I want my money back.",
  "The problem is not the invoice but the website. This is urgent!",
  "Everything was fine before and everything is fine now, thanks.",
];

async function train(training, validation) {
  const trainer = new Trainer({
    ...trainingOptions,
    epochs: Number(options.epochs),
    train: training,
    validation,
    output: directory,
    overwrite: true, // of an earlier try that was interrupted
    precision: options.precision,
    seed,
  });
  const bar = new SingleBar({
    format: "epoch {epoch} {bar} {percentage}%, {eta_formatted} left, loss {loss}",
  });
  for await (const event of trainer) {
    if (event.type === "start") {
      console.log(
        `\nTraining ${event.parameters.toLocaleString("en")} random weights on ${event.trainingRows} tickets`,
      );
      bar.start(event.steps, 0, { epoch: 1, loss: "" });
    } else if (event.type === "step") {
      bar.update(event.step, { epoch: event.epoch, loss: event.loss.toFixed(3) });
    } else if (event.type === "epoch" && !process.stderr.isTTY) {
      console.log(`epoch ${event.epoch}: micro-F1 ${event.validation.micro.f1.toFixed(4)}`);
    }
  }
  bar.stop();
}

function showMistakes(mistakes, { texts }) {
  console.log("The worst mistakes:");
  for (const { row, label, probability, truth } of mistakes.slice(0, 5)) {
    console.log(
      `  ${label} is ${truth}, predicted ${probability.toFixed(2)}: ${JSON.stringify(texts.at(row))}`,
    );
  }
}

function showPredictions(predictions) {
  console.log("\nFive predictions:");
  predictions.forEach(({ labels, scores }, i) => {
    const figures = Object.entries(scores).map(([name, score]) => `${name} ${score.toFixed(2)}`);
    console.log(
      `  ${JSON.stringify(examples[i])}\n    ${labels.join(", ") || "none"}  (${figures.join(", ")})`,
    );
  });
}

const { dataset } = await datasetFromRows(quickstartRows(), { labels: labelNames, name: "tickets" });
const split = stratifiedSplit(dataset, { fraction: 0.1, seed });
const [training, validation] = [selectRows(dataset, split.train), selectRows(dataset, split.validation)];

await train(training, validation);
const classifier = await Classifier.load(directory, { precision: options.precision });
const { metrics, mistakes } = await classifier.evaluate(validation);
const predictions = await classifier.predict(examples);
await classifier.dispose();
const words = evaluate(
  { logits: bagOfWords(training, validation.texts) },
  validation.labels,
  dataset.labelNames,
);

console.log(`\n${classificationReport(metrics)}`);
showMistakes(mistakes, validation);
showPredictions(predictions);
console.log(`\nMicro-F1 on ${validation.texts.length} tickets that were not trained on:`);
console.log(`  bag of words  ${words.micro.f1.toFixed(3)}`);
console.log(`  tagformer     ${metrics.micro.f1.toFixed(3)}   (saved in ${directory})`);
