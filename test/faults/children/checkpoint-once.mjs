// Writes one more checkpoint of a training into a run's directory that has two.
import { TagformerError } from "../../../dist/base/errors.js";
import { checkpointsOf } from "./checkpoints.mjs";
import { workWithFaults } from "./faulty.mjs";

await workWithFaults(
  async (target) => {
    const checkpoint = checkpointsOf(target);
    for (const step of [1, 2]) await checkpoint(step);
    return () => checkpoint(3);
  },
  (error) => (error instanceof TagformerError && error.code === "IO") || error.syscall !== undefined,
);
