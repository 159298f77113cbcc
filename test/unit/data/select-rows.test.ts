import { expect, it } from "vitest";
import type { Dataset } from "../../../src/data/dataset.js";
import { selectRows } from "../../../src/data/select-rows.js";
import { errorOf } from "./files.js";

const dataset: Dataset = {
  source: "four tickets",
  texts: ["a", "b", "c", "d"],
  labelNames: ["x", "y"],
  labels: Float32Array.of(0, 1, 1, 0, 1, 1, Number.NaN, 0),
};

it("takes rows in the order given, also twice, with their labels", () => {
  const { texts, labels, ...rest } = selectRows(dataset, Int32Array.of(3, 0, 3));
  expect([...texts]).toEqual(["d", "a", "d"]);
  expect([...labels]).toEqual([Number.NaN, 0, 0, 1, Number.NaN, 0]);
  expect(rest).toEqual({ source: "four tickets", labelNames: ["x", "y"] });
  expect(selectRows(dataset, new Int32Array()).texts).toHaveLength(0);
});

it("takes whatever else a row has", () => {
  const lines = Int32Array.of(2, 3, 4, 7);
  const full = {
    ...dataset,
    ids: [..."pqrs"],
    groups: [..."ggkk"],
    weights: Float32Array.of(1, 2, 3, 4),
    lines,
  };
  const selected = selectRows(full, Int32Array.of(3, 1));
  expect([...selected.ids!]).toEqual(["s", "q"]);
  expect([...selected.groups!]).toEqual(["k", "g"]);
  expect(selected.weights).toEqual(Float32Array.of(4, 2));
  expect(selected.lines).toEqual(Int32Array.of(7, 3));
});

it.each([-1, 4])("refuses row %d", async (row) => {
  expect(await errorOf(() => selectRows(dataset, Int32Array.of(0, row)))).toMatchObject({
    code: "INVALID_OPTION",
    message: `four tickets has no row ${row}; expected row numbers from 0 to 3`,
  });
});
