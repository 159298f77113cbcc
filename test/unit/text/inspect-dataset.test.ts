import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import { readDataset } from "../../../src/data/read.js";
import { tagformerFormat } from "../../../src/model/file-names.js";
import { inspectDataset } from "../../../src/text/inspect-dataset.js";
import { errorOf, temporaryFolder, tinyDataset, tinySource } from "../training/tiny-run.js";

const nan = Number.NaN;
const realRows = "../shared/data/jigsaw-3000.csv";

const dataset: Dataset = {
  source: "t.csv",
  texts: ["one two", "one two", "three", " ", "a b c d"],
  labelNames: ["x", "y"],
  labels: Float32Array.from([1, 1, 1, 1, 0, 0, 0.4, nan, 0.9, 0]),
  ids: ["1", "2", "2", "3", "4"],
  lines: Int32Array.of(2, 3, 4, 5, 9),
};

describe("inspectDataset", () => {
  it("counts rows, labels, pairs and combinations", async () => {
    const found = await inspectDataset(dataset);
    expect(found).toMatchObject({
      rows: 5,
      emptyTexts: 1,
      duplicateTexts: 1,
      duplicateIds: 1,
      rowsWithoutLabels: 1,
      labelsPerRow: 1,
      cooccurrence: [
        [3, 2],
        [2, 2],
      ],
      tokens: null,
    });
    expect(found.labels).toEqual([
      { name: "x", positives: 3, negatives: 2, missing: 0, share: 0.6, negativesPerPositive: 2 / 3 },
      { name: "y", positives: 2, negatives: 2, missing: 1, share: 0.5, negativesPerPositive: 1 },
    ]);
    expect(found.combinations).toEqual({
      distinct: 4,
      once: 3,
      onceLines: [4, 5, 9],
      frequent: [
        { labels: ["x", "y"], missing: [], rows: 2 },
        { labels: [], missing: [], rows: 1 },
        { labels: [], missing: ["y"], rows: 1 },
        { labels: ["x"], missing: [], rows: 1 },
      ],
    });
    expect(found.words).toMatchObject({ mean: 9 / 5, least: 0, most: 4 });
    expect(found.characters).toMatchObject({ mean: 27 / 5, least: 1, most: 7 });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it("counts tokens and what each limit would cut, special tokens included", async () => {
    const texts = ["my parcel", "my parcel my parcel", "help"];
    const rows: Dataset = { source: "t", texts, labelNames: ["x"], labels: Float32Array.of(1, 0, 0) };
    const { tokens } = await inspectDataset(rows, { model: tinySource().tokenizer, maxLengths: [5, 3, 100] });
    expect(tokens).toMatchObject({ least: 3, most: 6, total: 13, mean: 13 / 3 });
    expect(tokens!.cuts).toEqual([
      { maxLength: 3, rows: 2, share: 2 / 3, tokenShare: 4 / 13 },
      { maxLength: 5, rows: 1, share: 1 / 3, tokenShare: 1 / 13 },
      { maxLength: 100, rows: 0, share: 0, tokenShare: 0 },
    ]);
  });

  it("counts what a model would cut as its training read texts", async () => {
    const texts = ["my parcel", "my parcel my parcel", "help"];
    const rows: Dataset = { source: "t", texts, labelNames: ["x"], labels: Float32Array.of(1, 0, 0) };
    const { tokenizer } = tinySource();
    const model = temporaryFolder();
    cpSync(tokenizer, model, { recursive: true });
    const cutBy = async (options?: object) => {
      const record = join(model, "tagformer.json");
      if (options) writeFileSync(record, JSON.stringify({ formatVersion: tagformerFormat, options }));
      return (await inspectDataset(rows, { model })).tokens!.modelCut;
    };
    expect(await cutBy()).toMatchObject({ maxLength: 32, rows: 0 });
    expect(await cutBy({ maxLength: 3 })).toMatchObject({ maxLength: 3, rows: 2, tokenShare: 4 / 13 });
    expect(await cutBy({ maxLength: 3, windowStride: 1, maxWindows: 2 })).toMatchObject({
      maxLength: 4,
      rows: 1,
      tokenShare: 2 / 13,
    });
    expect(await cutBy({ maxLength: 3, windowStride: 1 })).toBeNull();
  });

  it("refuses limits that are none, and a misspelt option", async () => {
    const rows = tinyDataset(3);
    const error = await errorOf(() => inspectDataset(rows, { maxLengths: [0] }));
    expect(error).toMatchObject({ code: "INVALID_OPTION" });
    const misspelt = { maxLenghts: [8] } as object;
    expect((await errorOf(() => inspectDataset(rows, misspelt))).message).toContain("maxLengths");
  });

  it.skipIf(!existsSync(realRows))("agrees with pandas on real rows", async () => {
    const { dataset: rows } = await readDataset(realRows);
    const found = await inspectDataset(rows);
    expect(found.labels.map(({ positives }) => positives)).toEqual([307, 38, 167, 14, 164, 32]);
    // d.comment_text.str.split().str.len(): mean(), std(), max(); d[labels].value_counts()
    expect(found.words.mean).toBeCloseTo(66.85333333333334, 9);
    expect(found.words.deviation).toBeCloseTo(99.85978744188374, 9);
    expect(found.words.most).toBe(1087);
    expect(found.combinations).toMatchObject({ distinct: 20, once: 3 });
  });
});
