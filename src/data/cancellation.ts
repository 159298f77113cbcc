// Reading that can be given up, also while the next item is awaited.
import { setImmediate } from "node:timers/promises";

/** Items between two turns of the event loop: a source that never waits would keep everything else waiting. */
const itemsAtOnce = 1024;

/**
 * The items of a source, until the signal is aborted: then the source is closed and the signal's reason is thrown. Everything
 * else in the process has its turn after every thousand items.
 */
export async function* untilAborted<T>(
  items: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  signal?.throwIfAborted();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let done = false;
  try {
    for (let count = 1; ; count++) {
      const next = await nextUnlessAborted(iterator, signal);
      done = next.done === true;
      if (next.done) return;
      yield next.value;
      if (count % itemsAtOnce === 0) await setImmediate();
    }
  } finally {
    if (!done) await close(iterator, signal?.aborted === true);
  }
}

async function nextUnlessAborted<T>(
  iterator: Iterator<T> | AsyncIterator<T>,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<T>> {
  signal?.throwIfAborted();
  const next = iterator.next();
  if (signal === undefined || !(next instanceof Promise)) return next;
  // Not Promise.race: it would attach a reaction for each item to a promise that lives as long as the signal.
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    next.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Tells the source that no more is wanted. A source that is still awaited cannot answer, so nothing waits for it. */
async function close<T>(iterator: Iterator<T> | AsyncIterator<T>, stillAwaited: boolean): Promise<void> {
  const closed = Promise.resolve(iterator.return?.());
  if (stillAwaited) closed.catch(() => {});
  else await closed;
}
