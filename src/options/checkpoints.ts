// Options of interrupting a training run and going on with it. They change nothing about its result.
import { z } from "zod";
import { count } from "./numbers.js";

/** Options of checkpoints and of resuming. */
export const checkpointOptions = z.strictObject({
  resume: z
    .boolean()
    .default(false)
    .describe(
      "go on with the unfinished run of the output directory, whatever ended it; begin one where there is none",
    ),
  overwrite: z
    .boolean()
    .default(false)
    .describe("begin anew where the output directory has an unfinished run, whose checkpoints are removed"),
  allowInexactResume: z
    .boolean()
    .default(false)
    .describe(
      "resume even where data, options or versions differ, so that the result is that of no undisturbed run",
    ),
  checkpoints: z
    .boolean()
    .default(true)
    .describe("write checkpoints, from which an interrupted run is resumed"),
  checkpointMinutes: z
    .number()
    .positive()
    .default(10)
    .describe(
      "minutes from one checkpoint to the next; there is one at the end of each epoch as well, unless the last is younger than ten seconds",
    ),
  checkpointSteps: count(0)
    .default(0)
    .describe("steps from one checkpoint to the next; 0: only the time counts"),
});

/**
 * Options of checkpoints and of resuming.
 *
 * @interface
 */
export type CheckpointOptions = z.input<typeof checkpointOptions>;

/** {@link CheckpointOptions} with every default filled in. */
export type ResolvedCheckpointOptions = z.output<typeof checkpointOptions>;
