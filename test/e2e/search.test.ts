// tagformer search
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { csvOf, temporaryFolder, tinyDataset, tinySource } from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

beforeAll(buildCommand);

describe("tagformer search", () => {
  const folder = temporaryFolder();
  const data = write(join(folder, "tickets.csv"), csvOf(tinyDataset(120)));
  const output = join(folder, "search");
  const source = ["--from-config", tinySource().config, "--threads", "1", "--epochs", "2"];
  const args = [
    ...["search", data, ...source, "--output", output, "--trials", "3", "--seeds", "2", "--finalists", "1"],
    ...["--vary", "learning-rate=1e-6..1e-2", "--vary", "batch-size=4,8"],
  ];
  const resultsFile = join(output, "results.jsonl");
  const results = () =>
    readFileSync(resultsFile, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("trains configurations ever longer, the best with several seeds, and gives it as a command", async () => {
    const { status, stdout, stderr } = await tagformer(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    const made = results();
    const keys = made.map(({ configuration, rung, seedNumber }) => `${configuration} ${rung} ${seedNumber}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(made.filter(({ rung }) => rung === 0)).toHaveLength(3);
    expect(made.filter(({ seedNumber }) => seedNumber === 1)).toHaveLength(1);
    const best = made.find(({ seedNumber }) => seedNumber === 1);
    expect(stdout).toContain(
      `--preset plain --learning-rate ${best.values.learningRate} --batch-size ${best.values.batchSize}`,
    );
    expect(stdout).toContain("What mattered");
    expect(readFileSync(join(output, "search.html"), "utf8")).toContain("<title>Search report</title>");
  });

  it("goes on where it was killed, in the middle of a line even, and trains nothing twice", async () => {
    const whole = readFileSync(resultsFile, "utf8");
    const lines = whole.trimEnd().split("\n");
    writeFileSync(resultsFile, `${lines.slice(0, 2).join("\n")}\n`);
    appendFileSync(resultsFile, lines[2]!.slice(0, 20));
    const { status, stderr } = await tagformer(args);
    expect(status).toBe(0);
    expect(stderr).toContain("goes on after 2 trainings");
    const figures = (text: readonly { figure: number }[]) => text.map(({ figure }) => figure).sort();
    expect(figures(results())).toEqual(figures(lines.map((line) => JSON.parse(line))));
  });

  it("refuses to mix two searches, and ranges that are none", async () => {
    const other = await tagformer([...args, "--vary", "warmup=0..0.5"]);
    expect(other).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("has the results of another search"),
    });
    const nothing = await tagformer(args.slice(0, args.indexOf("--vary")));
    expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining("nothing is varied") });
  });
});
