// The options of functions that have no schema of their own: an object, with the names that there are.
import { describe, expect, it } from "vitest";
import {
  inspectDataset,
  resolveModel,
  stratifiedFolds,
  stratifiedSplit,
  Trainer,
} from "../../../src/index.js";
import { errorOf, tinyDataset } from "../training/tiny-run.js";

const data = tinyDataset(10);
const functions: Record<string, (options: never) => unknown> = {
  stratifiedSplit: (options) => stratifiedSplit(data, options),
  stratifiedFolds: (options) => stratifiedFolds(data, options),
  inspectDataset: (options) => inspectDataset(data, options),
  resolveModel: (options) => resolveModel("./model", options),
  Trainer: (options) => new Trainer(options),
};

describe("the options of", () => {
  it.each(Object.keys(functions))("%s", async (name) => {
    const errors: [unknown, string][] = [
      [null, "the options are null: expected an object"],
      [3, "the options are 3: expected an object"],
      [{ nonsense: 1 }, 'unknown option "nonsense"'],
    ];
    for (const [options, message] of errors) {
      expect(await errorOf(() => functions[name]!(options as never))).toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining(message),
      });
    }
  });
});
