// Logits of texts that are tokenized already.

import type { CallOptions } from "../base/cancel.js";
import { untilAborted } from "../base/cancel.js";
import type { WindowPooling } from "../options/model.js";
import type { TextBatch } from "../text/batch.js";
import { rowCount, textCount } from "../text/plan.js";
import { poolWindows } from "./pool-windows.js";
import { type RowModel, RowQueue } from "./row-queue.js";
import { Ticket } from "./ticket.js";

/**
 * Options of a call that computes many rows.
 *
 * @interface
 */
export interface InferenceOptions extends CallOptions {
  /** Called after each batch with the number of texts finished so far; an estimate where texts have windows. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** Tells the caller of a call of many parts how many texts are done. */
export class Progress {
  readonly #onProgress: InferenceOptions["onProgress"];
  #done = 0;

  constructor(onProgress: InferenceOptions["onProgress"]) {
    this.#onProgress = onProgress;
  }

  /** What a {@link RowQueue} is to tell of one part's rows. */
  ofPart(tokens: TextBatch): ((rows: number) => void) | undefined {
    if (!this.#onProgress) return undefined;
    const textsPerRow = textCount(tokens) / rowCount(tokens);
    let before = 0;
    return (rows) => {
      const texts = Math.floor(rows * textsPerRow);
      this.#done += texts - before;
      before = texts;
      this.#onProgress?.(this.#done);
    };
  }
}

/** Logits of one part of a call, `[texts * labels]`. */
export async function logitsOfPart(
  queue: RowQueue,
  tokens: TextBatch,
  ticket: Ticket,
  progress: Progress,
  pooling: WindowPooling,
): Promise<Float32Array> {
  const logits = await queue.add(tokens, ticket, progress.ofPart(tokens));
  return tokens.texts === undefined ? logits : poolWindows(logits, tokens.texts, pooling);
}

/**
 * Logits of every text, `[texts * labels]`, in the order of the texts, by a model that has no other calls meanwhile.
 *
 * @param pooling how the logits of a text's windows become one
 */
export async function predictEncoded(
  model: RowModel,
  tokens: TextBatch,
  { signal, onProgress }: InferenceOptions = {},
  pooling: WindowPooling = "max",
): Promise<Float32Array> {
  signal?.throwIfAborted();
  const queue = new RowQueue(model);
  const ticket = new Ticket(signal !== undefined);
  const work = logitsOfPart(queue, tokens, ticket, new Progress(onProgress), pooling);
  return await untilAborted(signal, work, (reason) => queue.leave(ticket, reason));
}
