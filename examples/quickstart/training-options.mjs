// How the quickstart trains its small BERT from random weights.
import { fileURLToPath } from "node:url";

export const trainingOptions = {
  preset: "plain", // these values need no search
  config: fileURLToPath(new URL("model/config.json", import.meta.url)),
  epochs: 20,
  batchSize: 32,
  learningRate: 8e-4,
  weightDecay: 0.3,
};
