// Evaluations beside the event loop: the metrics of 64,000 rows with 6 labels take more than a second.
import type { CallOptions } from "../base/cancel.js";
import { runThread } from "../base/thread.js";
import type { JobRequest } from "./evaluation-thread.js";
import { type JobName, type JobParameters, type JobResults, jobs } from "./jobs.js";

/** Logits of which the metrics take a few milliseconds: less than a thread takes to start. */
const fewLogits = 1000;

/**
 * Runs a job, on a thread of its own when there is much to do.
 *
 * @throws what the job throws, or the reason of the signal, which ends the thread
 */
export async function inBackground<Name extends JobName>(
  name: Name,
  parameters: JobParameters[Name],
  { signal }: CallOptions = {},
): Promise<JobResults[Name]> {
  signal?.throwIfAborted();
  if (parameters[0].length <= fewLogits) return jobs[name](...parameters);
  const request: JobRequest = { name, parameters };
  return await runThread({
    file: "evaluation-thread",
    title: "the thread of an evaluation",
    workerData: request,
    signal,
  });
}
