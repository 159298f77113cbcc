// Evaluations beside the event loop: the metrics of 64,000 rows with 6 labels take more than a second.
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, TagformerError } from "../base/errors.js";
import { packageRoot } from "../install/locations.js";
import type { CallOptions } from "../native/types.js";
import type { JobReply, JobRequest } from "./evaluation-thread.js";
import { type JobName, type JobParameters, type JobResults, jobs } from "./jobs.js";

/** The thread runs the bundled file, whether or not this one was compiled. */
const threadFile = join(packageRoot, "dist", "bundle", "evaluation-thread.js");

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
  return (await runOnThread({ name, parameters }, signal)) as JobResults[Name];
}

async function runOnThread(request: JobRequest, signal: AbortSignal | undefined): Promise<unknown> {
  // Without the process's own flags: --input-type, which `node -e` takes, would end a thread that runs a file.
  const worker = new Worker(threadFile, { workerData: request, execArgv: [] });
  const stop = () => void worker.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      worker.on("error", (error) => reject(threadEnded(messageOf(error), error)));
      worker.on("exit", (code) => reject(threadEnded(`exit code ${code}`)));
      worker.on("message", (reply: JobReply) => {
        if ("result" in reply) resolve(reply.result);
        else reject(new TagformerError(reply.failure.code, reply.failure.message));
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function threadEnded(why: string, cause?: unknown): TagformerError {
  return new TagformerError("INTERNAL", `the thread of an evaluation ended (${why})`, { cause });
}
