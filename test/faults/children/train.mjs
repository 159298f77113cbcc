// Trains to its end, resuming what is there. What it is to do comes as JSON.
import { readDataset, Trainer } from "../../../dist/index.js";

const { data, ...run } = JSON.parse(process.argv[2]);
const { dataset } = await readDataset(data);
for await (const { type } of new Trainer({ ...run, train: dataset, resume: true })) {
  if (type === "start") process.send("started");
}
process.exit();
