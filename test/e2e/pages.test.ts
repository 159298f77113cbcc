// Commands that write pages.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  csvOf,
  finish,
  temporaryFolder,
  tinyDataset,
  tinyRun,
  tinySource,
} from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

let table: string;
beforeAll(() => {
  buildCommand();
  table = write(join(temporaryFolder(), "data.csv"), csvOf(tinyDataset(120)));
});

describe("tagformer inspect --html", () => {
  it("writes a page with the pictures of what it prints", async () => {
    const html = join(temporaryFolder(), "data.html");
    const { status, stdout, stderr } = await tagformer(["inspect", table, "--html", html]);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^.*line 1 is the header.*\nwrote .*\n$/),
    });
    expect(stdout).toMatch(/label +positives/);
    const page = readFileSync(html, "utf8");
    expect(page.match(/<svg/g)).toHaveLength(4);
    const [, positives] = /delivery +(\d+)/.exec(stdout)!;
    expect(page).toContain(`<th scope="row">delivery</th><td>${positives}</td>`);
  });

  it("says when the page cannot be written", async () => {
    const html = join(temporaryFolder(), "no", "data.html");
    const { status, stderr } = await tagformer(["inspect", table, "--html", html]);
    expect(status).toBe(1);
    expect(stderr).toContain(html);
  });
});

describe("tagformer evaluate --html", () => {
  it("writes a page with the curves behind what it prints, and rows of the table", async () => {
    const model = (await finish(tinyRun())).end.directory;
    const html = join(temporaryFolder(), "evaluation.html");
    const { status, stdout, stderr } = await tagformer(["evaluate", table, "--model", model, "--html", html]);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`wrote ${html}\n`);
    const page = readFileSync(html, "utf8");
    const [, microF1] = /micro-F1 +(\d\.\d+)/.exec(stdout)!;
    expect(page).toContain(`<dt>micro-F1</dt><dd>${Number(microF1).toFixed(3)}</dd>`);
    expect(page).toContain(`<p class="faint">${model} on ${table}, 120 rows</p>`);
    const [, right] = /aria-label="Right decisions">(.*?)<\/table>/s.exec(page)!;
    const [, line, text] =
      /<th scope="row">line (\d+)<\/th>.*?<td class="words"[^>]*>([a-z ]+)<\/td><\/tr>/.exec(right!)!;
    expect(readFileSync(table, "utf8").split("\n")[Number(line) - 1]).toContain(`,${text},`);
  });
});

describe("tagformer train", () => {
  const train = async (...more: string[]) => {
    const { config, tokenizer } = tinySource();
    const output = join(temporaryFolder(), "model");
    const model = ["--from-config", config, "--tokenizer", tokenizer, "--output", output];
    const ended = await tagformer([
      "train",
      table,
      ...model,
      "--preset",
      "plain",
      "--epochs",
      "1",
      "--threads",
      "1",
      ...more,
    ]);
    return { ...ended, output };
  };

  it("writes the report of the run, and says where", async () => {
    const { status, stdout, output } = await train();
    expect(status).toBe(0);
    expect(stdout).toContain(`The report is ${join(output, "report.html")}.`);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("<title>Training report</title>");
    expect(readFileSync(join(output, "README.md"), "utf8")).toContain("data.csv");
  });

  it("writes none with --no-report", async () => {
    const { status, stdout, output } = await train("--no-report");
    expect(status).toBe(0);
    expect(stdout).not.toContain("report");
    expect(existsSync(join(output, "report.html"))).toBe(false);
  });
});
