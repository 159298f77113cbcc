// Trains from a script and shows what happens while it happens.
//
//   node examples/train-with-events.mjs tickets.csv ./bert-base-uncased ./tickets-model [epochs]
//
// The second argument is a model directory or a config.json, which starts from random weights (vocab.txt beside it).
// Ctrl-C stops after the step and says where the weights are; the same line again goes on, as after any other end.
import { checkDataset, formatFindings, readDataset, TagformerError, Trainer } from "tagformer";

const [data, model, output, epochs = "3"] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

try {
  const { dataset } = await readDataset(data);
  for (const line of formatFindings(checkDataset(dataset))) console.log(line);
  const trainer = new Trainer({
    ...(model.endsWith(".json") ? { config: model } : { model }),
    train: dataset,
    output,
    epochs: Number(epochs),
    resume: true,
  });
  for await (const event of trainer.events({ signal: stop.signal })) show(event);
} catch (error) {
  if (!(error instanceof TagformerError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}

function show(event) {
  switch (event.type) {
    case "trialEnd":
      console.log(
        `learning rate ${event.learningRate}, ${event.steps} steps: loss ${event.figures?.loss.toFixed(4)}`,
      );
      break;
    case "start":
      console.log(
        `${event.trainingRows} rows to train on, ${event.validationRows} held back, ${event.steps} steps`,
      );
      break;
    case "resumed":
      console.log(`resumed after step ${event.step}`);
      break;
    case "step":
      console.log(`step ${event.step}: loss ${event.loss.toFixed(4)}, ${event.tokens} tokens`);
      break;
    case "epoch": {
      const f1 = event.validation?.micro.f1.toFixed(4) ?? "none";
      console.log(`epoch ${event.epoch}: loss ${event.trainingLoss.toFixed(4)}, micro-F1 ${f1}`);
      break;
    }
    case "end":
      console.log(`${event.reason}; the model is in ${event.lastDirectory ?? event.directory}`);
  }
}
