// Many texts, a request of some at a time, with as much patience as the server asks for.
import { Failure, type FailureKind } from "./failure.js";
import type { Model, Prediction, Question } from "./server.js";

/** Requests under way at a time: one is computed while the next is on its way. */
const together = 2;

/** Characters of a request, so that long texts do not make a body that the server refuses. */
const mostCharacters = 200_000;

/** Times that a request is repeated while the server cannot be reached; busy is no failure, and has no limit. */
const mostAttempts = 5;

export interface BatchEvents {
  /** A row has its answer, or will have none. */
  readonly answered: (row: number, answer: Prediction | Failure) => void;
  /** The server asked for patience. */
  readonly waiting: (failure: Failure) => void;
}

/** How texts are asked for; the signal ends a request. */
export type Predict = (
  question: Question,
  signal: AbortSignal,
) => Promise<{ readonly predictions: readonly Prediction[] }>;

/**
 * Asks for the predictions of rows. A request that is refused is divided until the text is alone that the server does not
 * take: it fails by itself.
 *
 * @param rows indices of `texts`
 * @throws Failure when the server wants a key or cannot be reached any more; the signal's reason
 */
export async function predictRows(
  predict: Predict,
  model: Model,
  texts: readonly string[],
  rows: readonly number[],
  events: BatchEvents,
  signal: AbortSignal,
): Promise<void> {
  const requests = divided(texts, rows, model.mostTexts);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const ask = (some: readonly number[]) =>
    patiently(
      () => predict({ model: model.id, texts: some.map((row) => texts[row]!) }, either),
      events,
      either,
    );
  const work = async () => {
    for (const some of requests) await answerRows(ask, some, events); // each takes the next request that is left
  };
  try {
    await Promise.all(Array.from({ length: together }, work));
  } finally {
    stop.abort(); // the others need not go on when one has failed
  }
}

/** Rows of one request each. */
function* divided(
  texts: readonly string[],
  rows: readonly number[],
  mostTexts: number,
): Generator<readonly number[], void> {
  let some: number[] = [];
  let characters = 0;
  for (const row of rows) {
    const { length } = texts[row]!;
    if (some.length > 0 && (some.length >= mostTexts || characters + length > mostCharacters)) {
      yield some;
      some = [];
      characters = 0;
    }
    some.push(row);
    characters += length;
  }
  if (some.length > 0) yield some;
}

async function answerRows(
  ask: (rows: readonly number[]) => ReturnType<Predict>,
  rows: readonly number[],
  events: BatchEvents,
): Promise<void> {
  try {
    const { predictions } = await ask(rows);
    for (const [i, prediction] of predictions.entries()) events.answered(rows[i]!, prediction);
  } catch (error) {
    if (!(error instanceof Failure) || !ofSomeTexts.has(error.kind)) throw error;
    if (rows.length === 1) return events.answered(rows[0]!, error);
    const middle = rows.length >> 1;
    await answerRows(ask, rows.slice(0, middle), events);
    await answerRows(ask, rows.slice(middle), events);
  }
}

/** Failures that may be one text's alone. */
const ofSomeTexts: ReadonlySet<FailureKind> = new Set(["refused", "model", "slow"]);

/** Repeats a request that came at a bad moment. */
async function patiently<Result>(
  ask: () => Promise<Result>,
  events: BatchEvents,
  signal: AbortSignal,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Failure) || error.retryAfter === undefined) throw error;
      if (error.kind !== "busy" && attempt === mostAttempts) throw error;
      events.waiting(error);
      await wait(error.retryAfter, signal);
    }
  }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stopped);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stopped, { once: true });
  });
}
