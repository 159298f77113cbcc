// Logits of many token rows: planned by length, computed in batches, put back in order.
import type { NativeModel } from "./native/model.js";
import type { CallOptions } from "./native/types.js";
import type { WindowPooling } from "./options.js";
import type { TextBatch } from "./text/batch.js";
import { predictionPlan, rowCount, scatterRows, selectRows, textCount } from "./text/plan.js";
import { poolWindows } from "./text/pooling.js";

/**
 * One native call: enough for full speed, little enough that its activations stay in the cache and that a stopped one ends
 * soon.
 */
const batchLimits = { maxRows: 256, maxTokens: 1024 };
/** A GPU has done as little as that before the next call is there. Not yet measured on one. */
const deviceBatchLimits = { maxRows: 1024, maxTokens: 32_768 };
/** Native calls that wait while one runs, so that the model's thread never idles. */
const callsAhead = 2;

/** Options of a call that computes many rows. */
export interface InferenceOptions extends CallOptions {
  /** Called after each batch with the number of texts finished so far; an estimate where texts have windows. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Logits of every text, `[texts * labels]`, in the order of the texts.
 *
 * Rows of similar length are computed together, but no score depends on that: rows are never padded.
 *
 * @param pooling how the logits of a text's windows become one
 */
export async function predictLogits(
  model: NativeModel,
  tokens: TextBatch,
  options: InferenceOptions = {},
  pooling: WindowPooling = "max",
): Promise<Float32Array> {
  const textsPerRow = textCount(tokens) / rowCount(tokens);
  const logits = new Float32Array(rowCount(tokens) * model.info.labels);
  const running = new Set<Promise<unknown>>();
  let done = 0;

  const limits = model.info.device === "cpu" ? batchLimits : deviceBatchLimits;

  const compute = async (rows: Int32Array) => {
    scatterRows(logits, rows, await model.predict(selectRows(tokens, rows), options));
    done += rows.length;
    options.onProgress?.(Math.floor(done * textsPerRow));
  };

  try {
    for (const rows of predictionPlan(tokens, limits)) {
      // A call that failed stays: another may have ended the race first, and its rows must not be taken for computed.
      const call: Promise<unknown> = compute(rows).then(() => running.delete(call));
      running.add(call);
      if (running.size > callsAhead) await Promise.race(running);
    }
    await Promise.all(running);
  } catch (error) {
    await Promise.allSettled(running);
    throw error;
  }
  return tokens.texts === undefined ? logits : poolWindows(logits, tokens.texts, pooling);
}
