// Writes three checkpoints of a training.
import { checkpointsOf } from "./checkpoints.mjs";

const checkpoint = checkpointsOf(process.argv[2]);
for (const step of [1, 2, 3]) await checkpoint(step);
process.exit();
