// Windows of a text are pooled twice: in a training by native/training/pooling.cc, and in a prediction by
// src/predict/pool-windows.ts. Both have to give the same logits.
import { expect, it } from "vitest";
import { poolWindows } from "../../src/predict/pool-windows.js";
import { batchOf, freshModel, labels, start } from "./tiny-bert.js";

/** Texts of one window, of several, and of one again. */
const texts = Int32Array.of(0, 1, 4, 6, 7);

it.each(["max", "mean"] as const)(
  "a training pools windows as a prediction does (%s)",
  async (windowPooling) => {
    await using model = await freshModel();
    const windows = batchOf(7);
    const pooled = poolWindows(await model.predict(windows), texts, windowPooling);
    const run = await start(model, { meanOfWindows: windowPooling === "mean" });
    // The loss of one labelled element, log(1 + e^-logit), tells its logit.
    const found: number[] = [];
    for (let element = 0; element < pooled.length; element++) {
      const only = new Float32Array(pooled.length).fill(Number.NaN);
      only[element] = 1;
      const loss = await run.computeGradients({ ...windows, texts, labels: only });
      found.push(-Math.log(Math.expm1(loss)));
    }
    expect(pooled).toHaveLength(4 * labels);
    for (const [element, logit] of found.entries()) expect(logit).toBeCloseTo(pooled[element]!, 5);
  },
);
