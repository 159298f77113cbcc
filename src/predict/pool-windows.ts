// One row of logits for a text that was cut into windows.
import type { WindowPooling } from "../options/model.js";

/**
 * Pools logits label by label: the training pools the same (native/training/pooling.h). The largest logit is the largest
 * probability too; a mean of logits stays a logit, so that thresholds and temperature mean what they mean for other texts.
 *
 * @param logits `[rows * labels]`
 * @param texts the first row of each text, and the number of rows, `[texts + 1]`
 * @returns `[texts * labels]`
 */
export function poolWindows(logits: Float32Array, texts: Int32Array, pooling: WindowPooling): Float32Array {
  const width = logits.length / texts[texts.length - 1]!;
  const pooled = new Float32Array((texts.length - 1) * width);
  for (let i = 0; i < pooled.length; i++) {
    const text = Math.floor(i / width);
    const [first, end] = [texts[text]!, texts[text + 1]!];
    let result = pooling === "max" ? Number.NEGATIVE_INFINITY : 0;
    for (let row = first; row < end; row++) {
      const logit = logits[row * width + (i % width)]!;
      result = pooling === "max" ? Math.max(result, logit) : result + logit / (end - first);
    }
    pooled[i] = result;
  }
  return pooled;
}
