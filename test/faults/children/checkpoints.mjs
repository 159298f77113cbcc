// A training, and what writes its checkpoints into a run's directory.
import { join } from "node:path";
import { NativeModel } from "../../../dist/native/model.js";
import { tensorsFile } from "../../../dist/training/checkpoint.js";
import { RunDirectory } from "../../../dist/training/run-directory.js";
import { initialState } from "../../../dist/training/state.js";
import { plainTraining, smallBert } from "../../fixtures/bert.mjs";

const model = await NativeModel.load({
  config: smallBert,
  labels: 2,
  tensors: [],
  seed: 1,
  precision: "fp32",
  threads: 1,
  training: true,
});
const training = await model.startTraining(plainTraining);

/** What writes a checkpoint, which says it is of a step, into the run's directory of a target. */
export function checkpointsOf(target) {
  const runs = new RunDirectory(target);
  return async (step) => {
    const { directory, number } = await runs.begin();
    await training.writeCheckpoint(join(directory, tensorsFile));
    const summary = { number, step, epoch: 1, totalSteps: 9, epochs: 1, savedAt: new Date().toISOString() };
    const state = { ...initialState(), steps: step };
    const kept = { validationLogits: Float32Array.of(step), test: undefined };
    await runs.publish(directory, summary, { identity: {}, state, steps: Float64Array.of(step), kept });
  };
}
