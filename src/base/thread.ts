// Worker threads for work that would block the event loop: how they are started, what they reply, and how they fail.
import { join } from "node:path";
import { parentPort, type TransferListItem, Worker } from "node:worker_threads";
import { untilAborted } from "./cancel.js";
import { type ErrorCode, messageOf, TagformerError } from "./errors.js";
import { packageRoot } from "./package.js";

/** What a thread replies. An error is sent in parts, because a structured clone keeps neither its class nor its code. */
export type ThreadReply<Result> = { readonly result: Result } | { readonly failure: ThreadFailure };

interface ThreadFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The stack of an unexpected error. */
  readonly cause?: string;
}

/** A thread that works for one reply. */
export interface ThreadJob {
  /** The thread's file in the bundle, without its suffix. */
  readonly file: string;
  /** What the thread is for, in error messages. */
  readonly title: string;
  readonly workerData: unknown;
  readonly signal?: AbortSignal | undefined;
  /** What the thread is sent each time it sends {@link askForMore}. */
  readonly supply?: () => unknown;
}

/** Sent by a thread that needs the next part of its input. */
export const askForMore = { more: true } as const;

/** Starts a thread. It runs the bundled file, even where this module runs from its source. */
export function startThread(file: string, workerData?: unknown): Worker {
  // Without the process's own flags: --input-type, which `node -e` takes, would end a thread that runs a file.
  return new Worker(join(packageRoot, "dist", "bundle", `${file}.js`), { workerData, execArgv: [] });
}

/** Calls `ended` with an `INTERNAL` error when a thread has ended, for whatever reason. */
export function onThreadEnd(worker: Worker, title: string, ended: (error: TagformerError) => void): void {
  const end = (why: string, cause?: unknown) =>
    ended(new TagformerError("INTERNAL", `${title} ended (${why})`, { cause }));
  worker.on("error", (error) => end(messageOf(error), error));
  worker.on("exit", (code) => end(`exit code ${code}`));
}

/**
 * Runs a thread until it replies, and ends it.
 *
 * @throws what the thread's work throws, or the reason of the signal
 */
export async function runThread<Result>({
  file,
  title,
  workerData,
  signal,
  supply,
}: ThreadJob): Promise<Result> {
  signal?.throwIfAborted();
  const worker = startThread(file, workerData);
  const replied = new Promise<Result>((resolve, reject) => {
    onThreadEnd(worker, title, reject);
    worker.on("message", (message: ThreadReply<Result> | typeof askForMore) => {
      try {
        if ("more" in message) worker.postMessage(supply?.());
        else resolve(resultOf(message));
      } catch (error) {
        reject(error);
      }
    });
  });
  try {
    return await untilAborted(signal, replied, () => {});
  } finally {
    await worker.terminate();
  }
}

/** The result that a thread replied with; throws its error. */
export function resultOf<Result>(reply: ThreadReply<Result>): Result {
  if ("result" in reply) return reply.result;
  const { code, message, cause } = reply.failure;
  throw new TagformerError(code, message, cause === undefined ? undefined : { cause });
}

/**
 * Called on a thread: does the work, and replies with its result or its error.
 *
 * @param moved buffers of the result that are handed over instead of copied
 */
export async function reply<Result>(
  work: () => Result | Promise<Result>,
  moved: (result: Result) => readonly TransferListItem[] = () => [],
): Promise<void> {
  const port = parentPort!;
  try {
    const result = await work();
    port.postMessage({ result } satisfies ThreadReply<Result>, moved(result));
  } catch (error) {
    port.postMessage({ failure: failureOf(error) } satisfies ThreadReply<Result>);
  }
}

function failureOf(error: unknown): ThreadFailure {
  if (error instanceof TagformerError) return { code: error.code, message: error.message };
  const { stack } = error as Partial<Error>;
  return { code: "INTERNAL", message: messageOf(error), ...(stack !== undefined && { cause: stack }) };
}
