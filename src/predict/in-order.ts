// Answers to what a stream asks, in its order.

/**
 * Calls `answer` for each value of a source, for several at a time, and yields the answers in the order of the values. An
 * answer is yielded as soon as it is there, also while the source has nothing new. A reader that stops ends the source.
 */
export async function* answersInOrder<T, Result>(
  source: AsyncIterable<T>,
  answer: (value: T, index: number) => Promise<Result>,
  atOnce: number,
): AsyncGenerator<Result, void> {
  const values = source[Symbol.asyncIterator]();
  const open: Promise<Result>[] = [];
  let asked = 0;
  let next: Promise<IteratorResult<T>> | undefined = values.next();
  try {
    while (next || open.length > 0) {
      const first = open[0];
      if (first && (!next || open.length === atOnce || (await isSettledFirst(first, next)))) {
        yield await open.shift()!;
        continue;
      }
      const { done, value } = await next!;
      if (done) next = undefined;
      else {
        const answering = answer(value, asked++);
        answering.catch(() => {}); // it is reported when its turn comes
        open.push(answering);
        next = values.next();
      }
    }
  } finally {
    next?.catch(() => {});
    if (next) await values.return?.();
  }
}

function isSettledFirst(one: Promise<unknown>, other: Promise<unknown>): Promise<boolean> {
  const settled = (promise: Promise<unknown>, isOne: boolean) =>
    promise.then(
      () => isOne,
      () => isOne,
    );
  return Promise.race([settled(one, true), settled(other, false)]);
}
