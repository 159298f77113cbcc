// Calls that their caller may end.
import { setMaxListeners } from "node:events";

/**
 * The result of `work`, or a rejection with the signal's reason as soon as the signal is given, however long the work then
 * still takes.
 *
 * @param stop called when the signal is given, to end the work
 */
export async function untilAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  stop: (reason: unknown) => void,
): Promise<T> {
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
  // Many calls may share one signal, which is no leak: every listener is removed below.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
