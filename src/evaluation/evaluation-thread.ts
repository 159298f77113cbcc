// What runs on an evaluation's thread: one job.
import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, messageOf, TagformerError } from "../base/errors.js";
import { type JobName, jobs } from "./jobs.js";

/** The job; the thread's `workerData`. */
export interface JobRequest {
  readonly name: JobName;
  readonly parameters: readonly unknown[];
}

/** What became of it. An error travels as its parts: threads know no classes. */
export type JobReply =
  | { readonly result: unknown }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

const { name, parameters } = workerData as JobRequest;
parentPort!.postMessage(run());

function run(): JobReply {
  try {
    return { result: (jobs[name] as (...parameters: readonly unknown[]) => unknown)(...parameters) };
  } catch (error) {
    const code = error instanceof TagformerError ? error.code : "INTERNAL";
    return { failure: { code, message: messageOf(error) } };
  }
}
