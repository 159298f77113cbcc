import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decisionFields, readDecision } from "../../../src/model/decision.js";
import type { JsonObject } from "../../../src/model/json-file.js";
import { updateRecord } from "../../../src/model/save.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

const names = ["a", "__proto__"];

describe("readDecision", () => {
  it("reads what decisionFields wrote, and has defaults", () => {
    const decision = { temperatures: [1.5, 0.25], thresholds: [0, 0.123456789012345] };
    const written = JSON.parse(JSON.stringify(decisionFields(decision, names)));
    expect(readDecision(written, names, "f")).toEqual(decision);
    const none = { temperatures: [1, 1], thresholds: [0.5, 0.5] };
    expect(readDecision(null, names, "f")).toEqual(none);
    expect(readDecision({}, names, "f")).toEqual(none);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ thresholds: 0.5 }, /f: thresholds is no object/],
    [
      { thresholds: { a: 0.5 } },
      /f: thresholds has nothing for the label "b"; expected a number from 0 to 1/,
    ],
    [{ thresholds: { a: 0.5, b: 0.5, c: 0.5 } }, /f: thresholds has "c", which is no label of the model/],
    [{ thresholds: { a: 0.5, b: 1.5 } }, /has 1.5 for the label "b"/],
    [{ temperatures: { a: 0, b: 1 } }, /f: temperatures has 0 for the label "a"; expected a number above 0/],
    [{ temperatures: { a: "1", b: 1 } }, /has "1" for the label "a"/],
  ])("refuses %j", async (tagformer, message) => {
    const error = await errorOf(() => readDecision(tagformer as never, ["a", "b"], "f"));
    expect(error.code).toBe("INVALID_MODEL");
    expect(error.message).toMatch(message);
  });
});

describe("updateRecord", () => {
  const changes = (tagformer: JsonObject) =>
    ({ tagformer, card: (card: string) => card, weights: null }) as const;

  it("changes some fields and keeps the others", async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "tagformer.json"),
      JSON.stringify({ formatVersion: 1, epoch: 2, thresholds: { a: 0 } }),
    );
    await updateRecord(folder, changes({ thresholds: { a: 1 } }));
    expect(JSON.parse(readFileSync(join(folder, "tagformer.json"), "utf8"))).toEqual({
      formatVersion: 1,
      epoch: 2,
      thresholds: { a: 1 },
    });
  });

  it("leaves a model alone that tagformer did not write", async () => {
    const error = await errorOf(() => updateRecord(temporaryFolder(), changes({})));
    expect(error.code).toBe("INVALID_OPTION");
    expect(error.message).toMatch(/has no tagformer.json/);
  });
});
