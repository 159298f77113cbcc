// What runs on an evaluation's thread: one job.
import { workerData } from "node:worker_threads";
import { reply } from "../base/thread.js";
import { type JobName, jobs } from "./jobs.js";

/** The job; the thread's `workerData`. */
export interface JobRequest {
  readonly name: JobName;
  readonly parameters: readonly unknown[];
}

const { name, parameters } = workerData as JobRequest;
const job = jobs[name] as (...parameters: readonly unknown[]) => unknown;
await reply(() => job(...parameters));
