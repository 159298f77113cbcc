import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  predictionLines,
  readValidation,
  type StoredPredictions,
  textDigest,
} from "../../../src/model/stored-predictions.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

describe("readValidation", () => {
  const predictions: StoredPredictions = {
    source: "tickets.csv",
    labelNames: ["a", "b"],
    rows: Int32Array.from({ length: 600 }, (_, i) => 3 * i),
    digests: Array.from({ length: 600 }, (_, i) => textDigest(`text ${i}`)),
    logits: Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i) * 10 ** (i % 9)),
    labels: Float32Array.from({ length: 1200 }, (_, i) => [0, 1, Number.NaN, 0.3][i % 4]!),
  };
  const file = (content: string) => {
    const folder = join(temporaryFolder(), "model");
    mkdirSync(folder);
    writeFileSync(join(folder, "validation.jsonl"), content);
    return folder;
  };

  it("reads what was written, bit by bit", async () => {
    expect(await readValidation(file([...predictionLines(predictions)].join("")))).toEqual(predictions);
  });

  it.each<[string, string, RegExp]>([
    ["nothing", "", /line 1 is damaged/],
    ["another file", '{"a":1}\n', /line 1 is damaged: formatVersion/],
    ["half a line", '{"formatVersion":1,"source":"x","labels":["a"]}\n{"row":1,', /line 2 is damaged/],
    [
      "a label too few",
      '{"formatVersion":1,"source":"x","labels":["a","b"]}\n{"row":1,"text":"","labels":[1],"logits":[1]}\n',
      /line 2 is damaged: expected 2 labels and logits/,
    ],
  ])("refuses %s", async (_, content, message) => {
    const error = await errorOf(() => readValidation(file(content)));
    expect(error.code).toBe("INVALID_MODEL");
    expect(error.message).toMatch(message);
  });

  it("says that there is none", async () => {
    const error = await errorOf(() => readValidation(temporaryFolder()));
    expect(error.message).toMatch(/only a training run with validation rows stores/);
  });
});
