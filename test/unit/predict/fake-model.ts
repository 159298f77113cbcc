// A model whose answers the test decides: what is counted is batches, and never time.
import type { CallOptions } from "../../../src/base/cancel.js";
import type { RaggedBatch } from "../../../src/text/batch.js";

interface FakeCall {
  /** The rows of the batch. */
  readonly rows: readonly (readonly number[])[];
  readonly signal: AbortSignal | undefined;
  /** Answers with one logit a row: its first token. */
  answer(): void;
  reject(error: Error): void;
}

export function fakeModel(device = "cpu") {
  const calls: FakeCall[] = [];
  const model = {
    info: { labels: 1, device, classifierClass: "Fake" },
    predict: ({ ids, offsets }: RaggedBatch, { signal }: CallOptions = {}) =>
      new Promise<Float32Array>((resolve, reject) => {
        const rows = Array.from(offsets.subarray(1), (end, row) => [...ids.subarray(offsets[row]!, end)]);
        const answer = () => resolve(Float32Array.from(rows, ([first]) => first!));
        calls.push({ rows, signal, answer, reject });
      }),
  };
  /** Answers every batch until none comes any more; returns how many there were. */
  const answerAll = async (from = 0) => {
    let answered = from;
    for (await turn(); answered < calls.length; await turn()) calls[answered++]!.answer();
    return answered;
  };
  return { model, calls, answerAll };
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
}

/** Rows of equal length; every token of a row is `first` and its number. */
export function rowsOf(count: number, length: number, first = 0): RaggedBatch {
  return {
    ids: Int32Array.from({ length: count * length }, (_, i) => first + Math.floor(i / length)),
    offsets: Int32Array.from({ length: count + 1 }, (_, i) => i * length),
  };
}
