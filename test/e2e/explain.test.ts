// tagformer explain
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { tagformer } from "./command.js";
import { trained } from "./trained.js";

let withModel: readonly string[];
beforeAll(async () => {
  withModel = (await trained(1)).flags;
});

describe("tagformer explain", () => {
  it("prints a line for each token, and writes a page", async () => {
    const html = join(temporaryFolder(), "why.html");
    const { status, stdout } = await tagformer(["explain", "my parcel please", ...withModel, "--html", html]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^delivery: probability 0\.\d{3}, logit \d\.\d{3}; -?\d\.\d{3} with every word \[MASK\]\n/,
    );
    expect(stdout).toMatch(/\nparcel +\d\.\d{3} {2}\+{24}\n/);
    expect(readFileSync(html, "utf8")).toMatch(/^<!doctype html>.*<title>Why delivery\?<\/title>/s);
  });

  it("prints JSON for a text of standard input", async () => {
    const { stdout } = await tagformer(
      ["explain", "-", ...withModel, "--json", "--label", "money"],
      "a refund\n",
    );
    const explanation = JSON.parse(stdout);
    expect(explanation).toMatchObject({ text: "a refund", label: "money" });
    expect(explanation.tokens).toHaveLength(4);
  });

  it("refuses a label that the model does not have, and writes nothing", async () => {
    const html = join(temporaryFolder(), "why.html");
    const ended = await tagformer(["explain", "a", ...withModel, "--label", "mony", "--html", html]);
    expect(ended).toMatchObject({ status: 2, stdout: "" });
    expect(ended.stderr).toContain('did you mean "money"');
    expect(existsSync(html)).toBe(false);
  });
});
