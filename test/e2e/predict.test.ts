// tagformer predict
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { Classifier } from "../../src/classifier.js";
import type { Prediction } from "../../src/predict/prediction.js";
import { testDevice } from "../test-device.js";
import { csvOf, labelNames, temporaryFolder } from "../unit/training/tiny-run.js";
import { Running, shellName, tagformer, write } from "./command.js";
import { type Trained, trained } from "./trained.js";

let model: string;
let data: Trained["data"];
let table: string;
let withModel: readonly string[];
let expected: Prediction[];
beforeAll(async () => {
  ({ directory: model, flags: withModel, data, table } = await trained(1500));
  await using classifier = await Classifier.load(model, { threads: 1, device: testDevice });
  expected = await classifier.predict(data.texts);
});

const toRow = ({ labels, scores }: Prediction, id: string) => [
  id,
  labels.join("|"),
  ...labelNames.map((name) => String(scores[name])),
];

/** What is said about the columns of the table. */
const columnsNote = expect.stringMatching(
  /^\S+: line 1 is the header; text: "text"; ids: "id"; not used: .*\n$/,
);

describe("tagformer predict", () => {
  it("gives every row of a table a line: id, labels and scores", async () => {
    const { status, stdout, stderr } = await tagformer(["predict", table, ...withModel]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: columnsNote });
    const [header, ...rows] = parse(stdout) as string[][];
    expect(header).toEqual(["id", "labels", ...labelNames]);
    expect(rows).toEqual(expected.map((prediction, i) => toRow(prediction, `r${i}`)));
  });

  it("takes the lines of standard input, blank ones too", async () => {
    const { status, stdout } = await tagformer(["predict", "-", ...withModel], "my parcel\n\nthe login");
    expect(status).toBe(0);
    await using classifier = await Classifier.load(model, { threads: 1, device: testDevice });
    const predictions = await classifier.predict(["my parcel", "", "the login"]);
    expect((parse(stdout) as string[][]).slice(1)).toEqual(
      predictions.map((prediction, i) => toRow(prediction, String(i + 1))),
    );
  });

  it("prints one JSON document with --json, and nothing else", async () => {
    const { status, stdout, stderr } = await tagformer(["predict", table, ...withModel, "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: columnsNote });
    expect(JSON.parse(stdout)).toEqual(expected.map((prediction, i) => ({ id: `r${i}`, ...prediction })));
  });

  it("writes a file, whole, and says so on stderr", async () => {
    const folder = temporaryFolder();
    const out = write(join(folder, "predictions.csv"), "old");
    const { status, stdout, stderr } = await tagformer(["predict", table, ...withModel, "--out", out]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toMatch(/^.*line 1 is the header.*\n1,500 texts, \d+ a second, to .*predictions\.csv\n$/);
    expect(parse(readFileSync(out))).toHaveLength(1501);
    expect(readdirSync(folder)).toEqual(["predictions.csv"]);
  });

  it("leaves the old file and nothing else when a row cannot be read", async () => {
    const out = write(join(temporaryFolder(), "predictions.csv"), "old");
    const bad = write(join(temporaryFolder(), "bad.csv"), `${csvOf(data)}one,cell,too,many,of,them\n`);
    const { status, stderr } = await tagformer(["predict", bad, ...withModel, "--out", out]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.csv, line 1502: expected 5 cells/);
    expect(readFileSync(out, "utf8")).toBe("old");
    expect(readdirSync(dirname(out))).toEqual(["predictions.csv"]);
  });

  it("leaves the old file and nothing else after Ctrl-C", async () => {
    const out = write(join(temporaryFolder(), "predictions.csv"), "old");
    const running = new Running(["predict", "-", ...withModel, "--out", out]).read();
    running.child.stdin!.write("my parcel\n".repeat(5000)); // and it may go on
    await vi.waitUntil(() => readdirSync(dirname(out)).length === 2, { timeout: 300_000 });
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 130, stdout: "", stderr: "" });
    expect(readFileSync(out, "utf8")).toBe("old");
    expect(readdirSync(dirname(out))).toEqual(["predictions.csv"]);
  });

  it("keeps ids that are numbers, and disarms those that a spreadsheet would run", async () => {
    const ids = ["-5", "+1.5e3", "=1+1", "-1+cmd", "@SUM(A1)", "plain"];
    const file = write(
      join(temporaryFolder(), "ids.csv"),
      `id,text\n${ids.map((id) => `${id},my parcel\n`).join("")}`,
    );
    const { stdout } = await tagformer(["predict", file, ...withModel]);
    const found = (parse(stdout) as string[][]).slice(1).map(([id]) => id);
    expect(found).toEqual(["-5", "+1.5e3", "'=1+1", "'-1+cmd", "'@SUM(A1)", "plain"]);
  });

  it("says what is wrong with a file that it cannot write", async () => {
    const out = join(temporaryFolder(), "nowhere", "predictions.csv");
    const { status, stderr } = await tagformer(["predict", table, ...withModel, "--out", out]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tagformer: cannot write .*nowhere\/predictions\.csv: ENOENT/m);
  });

  it("ends quietly when its reader does", () => {
    const line = `${shellName} predict "${table}" ${withModel.join(" ")} | head -1`;
    const { stdout, stderr, status } = spawnSync("bash", ["-o", "pipefail", "-c", line], {
      encoding: "utf8",
    });
    expect({ stdout, stderr, status }).toEqual({
      stdout: `id,labels,${labelNames}\n`,
      stderr: columnsNote,
      status: 0,
    });
  });

  it("ends at a text that it cannot read, though more could come", async () => {
    const running = new Running(["predict", "-", ...withModel]).read();
    running.child.stdin!.write(Buffer.from([0x68, 0x69, 0x0a, 0xff, 0x0a]));
    const { status, stderr } = await running.ended; // its input was never ended
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tagformer: -: byte 4, on line 2, is not valid UTF-8/);
  });

  it.each<[string, string[], number, RegExp]>([
    ["no model", [], 2, /required option '--model/],
    ["a misspelt column", ["--model", "MODEL", "--text", "tekst"], 2, /did you mean "text"/],
    ["a flag of training", ["--model", "MODEL", "--seed", "3"], 2, /unknown option '--seed'/],
  ])("refuses %s", async (_, flags, expectedStatus, message) => {
    const args = flags.map((flag) => (flag === "MODEL" ? model : flag));
    const { status, stdout, stderr } = await tagformer(["predict", table, ...args]);
    expect({ status, stdout }).toEqual({ status: expectedStatus, stdout: "" });
    expect(stderr).toMatch(message);
  });
});
