// Calls that their caller may end.
import { setMaxListeners } from "node:events";

/** Options that every call which takes a while has. */
export interface CallOptions {
  /**
   * Ends the call, whether it waits for the model or runs: the promise then rejects with the signal's reason. A training
   * step that ends so changes no weight.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of `work`, or a rejection with the signal's reason as soon as the signal is given, however long the work then
 * still takes.
 *
 * @param stop called when the signal is given, to end the work
 */
export async function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: Promise<T>,
  stop: (reason: unknown) => void,
): Promise<T> {
  if (!signal) return await work;
  let end = () => {};
  const aborted = new Promise<never>((_, reject) => {
    end = () => {
      stop(signal.reason);
      reject(signal.reason);
    };
  });
  work.catch(() => {}); // once the signal was given, nothing waits for it
  aborted.catch(() => {});
  if (signal.aborted) end();
  return await whileListening(signal, end, () => Promise.race([work, aborted]));
}

/**
 * The result of `work`, which `stop` makes end early when the signal is given: the signal's reason is then thrown, but only
 * when the work has ended.
 */
export async function stoppable<T>(
  signal: AbortSignal | undefined,
  stop: () => void,
  work: () => Promise<T>,
): Promise<T> {
  if (!signal) return await work();
  signal.throwIfAborted();
  try {
    return await whileListening(signal, stop, work);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function whileListening<T>(
  signal: AbortSignal,
  listener: () => void,
  work: () => Promise<T>,
): Promise<T> {
  // Many calls may share one signal, which is no leak: every listener is removed below.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listener, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener("abort", listener);
  }
}
