import { describe, expect, it } from "vitest";
import { checkDataset, formatFindings } from "../../../src/data/check.js";
import type { Dataset } from "../../../src/data/dataset.js";

const nan = Number.NaN;

function datasetOf(rows: readonly (readonly [string, ...number[]])[], more: Partial<Dataset> = {}): Dataset {
  const width = rows[0]!.length - 1;
  return {
    source: "t.csv",
    texts: rows.map(([text]) => text),
    labelNames: ["a", "b", "c"].slice(0, width),
    labels: Float32Array.from(rows.flatMap(([, ...labels]) => labels)),
    ...more,
  };
}

describe("checkDataset", () => {
  it("finds nothing wrong with good rows", () => {
    const check = checkDataset(
      datasetOf(
        [
          ["x", 0, 1],
          ["y", 1, 0],
          ["y", 1, 0],
        ],
        { ids: ["1", "2", "3"] },
      ),
    );
    expect(check).toEqual({
      source: "t.csv",
      rows: 3,
      lineUnit: "row",
      labels: [
        { name: "a", positives: 2, negatives: 1, missing: 0 },
        { name: "b", positives: 1, negatives: 2, missing: 0 },
      ],
      findings: [],
    });
    expect(formatFindings(check)).toEqual(["t.csv: 3 rows, 2 labels", "  a  2 of 3 set", "  b  1 of 3 set"]);
  });

  it("counts rows of each kind and shows the lines of the first", () => {
    const rows: [string, number][] = [
      ["", 1],
      [" \n", 0],
      ["x", 1],
      ["x", 0],
      ["y", nan],
      ["x", 1],
      ["z", 1],
    ];
    const lines = Int32Array.of(2, 3, 10, 11, 12, 13, 14);
    const { findings } = checkDataset(datasetOf(rows, { lines, ids: ["p", "q", "p", "r", "q", "p", "s"] }));
    expect(findings).toEqual([
      { kind: "emptyText", severity: "warning", count: 2, lines: [2, 3] },
      { kind: "duplicateId", severity: "warning", count: 3, lines: [10, 12, 13] },
      { kind: "conflictingLabels", severity: "warning", count: 3, lines: [10, 11, 13] },
      { kind: "missingLabels", severity: "warning", count: 1, lines: [12] },
    ]);
  });

  it("takes a missing label for different from a given one, and for equal to another missing one", () => {
    expect(
      checkDataset(
        datasetOf([
          ["x", 0, nan],
          ["x", 0, nan],
        ]),
      ).findings.map(({ kind }) => kind),
    ).not.toContain("conflictingLabels");
    expect(
      checkDataset(
        datasetOf([
          ["x", 0, nan],
          ["x", 0, 1],
        ]),
      ).findings.map(({ kind }) => kind),
    ).toContain("conflictingLabels");
  });

  it("finds labels that cannot be learned, errors first in print", () => {
    const check = checkDataset(
      datasetOf([
        ["x", 0, 1, nan],
        ["y", 0, 1, nan],
        ["z", nan, 1, nan],
      ]),
    );
    expect(check.findings.slice(1)).toEqual([
      { kind: "neverSet", severity: "warning", label: "a", count: 3, lines: [] },
      { kind: "alwaysSet", severity: "warning", label: "b", count: 3, lines: [] },
      { kind: "neverLabelled", severity: "error", label: "c", count: 3, lines: [] },
    ]);
    expect(formatFindings(check)).toEqual([
      "t.csv: 3 rows, 3 labels",
      "  a  0 of 2 set, 1 missing",
      "  b  3 of 3 set",
      "  c  0 of 0 set, 3 missing",
      "warning: rows with missing labels, which loss and metrics leave out: 3 (row 1, 2, 3)",
      'warning: label "a" is never set, so it cannot be learned',
      'warning: label "b" is always set, so it cannot be learned',
      'error: label "c" is missing in every row; remove it',
    ]);
  });

  it("shows five lines at most and says that there are more", () => {
    const rows = Array.from({ length: 9 }, (_, i): [string, number] => ["", i % 2]);
    const dataset = datasetOf(rows, { ids: new Array(9).fill("same") });
    expect(formatFindings(checkDataset(dataset)).slice(2)).toEqual([
      "warning: texts that are empty: 9 (row 1, 2, 3, 4, 5, ...)",
      "warning: rows with the id of a row before them: 8 (row 2, 3, 4, 5, 6, ...)",
      "warning: rows with a text that another row labels differently: 9 (row 1, 2, 3, 4, 5, ...)",
    ]);
  });

  it("says in one line what holds for many labels, and lists no more counts than a terminal holds", () => {
    const labelNames = Array.from({ length: 1200 }, (_, i) => `L${i}`);
    const labels = new Float32Array(2 * 1200).fill(0);
    for (let i = 0; i < 100; i++) labels[i] = 1; // the first 100 are set in one row, the others never
    const lines = formatFindings(checkDataset({ source: "t.csv", texts: ["x", "y"], labelNames, labels }));
    expect(lines).toEqual([
      "t.csv: 2 rows, 1,200 labels",
      expect.stringMatching(
        /^ {2}each is set in 0 to 1 rows; least often: "L100" 0, .* \(tagformer inspect lists all\)$/,
      ),
      expect.stringMatching(
        /^warning: labels "L100", "L101".* \(1100 in all\) are never set, so they cannot be learned$/,
      ),
    ]);
  });

  it("names labels that people take for each other, on one line whatever they are called", () => {
    const labelNames = ["caf\u00e9", "cafe\u0301", "severe toxic", "Severe_Toxic", "two\nlines"];
    const labels = Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0, 1, 0);
    const lines = formatFindings(checkDataset({ source: "t.csv", texts: ["x", "y"], labelNames, labels }));
    expect(lines).toContain('  "two\\nlines"  1 of 2 set');
    expect(lines.at(-1)).toBe(
      'warning: labels "cafe\u0301", "Severe_Toxic" differ from another in letter case, blanks or Unicode form alone; if they mean the same, give them one name',
    );
  });
});
