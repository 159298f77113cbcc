// Writes a checkpoint, saves a model, and says whether its writes were cut short.
import { join } from "node:path";
import { Classifier } from "../../../dist/index.js";
import { checkpointsOf } from "./checkpoints.mjs";

const [model, folder] = process.argv.slice(2);
await checkpointsOf(join(folder, "run"))(1);
const classifier = await Classifier.load(model, { threads: 1 });
await classifier.save(join(folder, "model"));
process.stdout.write(process.env.WRITES_WERE_CUT ? "cut" : "whole", () => process.exit());
