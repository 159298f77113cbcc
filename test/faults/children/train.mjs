// Trains to the end what it is told to, one run after the other, resuming what is there.
import { readDataset, Trainer } from "../../../dist/index.js";

process.on("message", async ({ data, ...run }) => {
  const { dataset } = await readDataset(data);
  for await (const { type } of new Trainer({ ...run, train: dataset, resume: true })) {
    if (type === "start") process.send("started");
  }
  process.send("ended");
});
process.on("disconnect", () => process.exit());
