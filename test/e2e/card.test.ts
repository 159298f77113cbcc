// The programs of a model card, run as they are written there.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { finish, temporaryFolder, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";
import { buildCommand } from "./command.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

beforeAll(buildCommand);

/** A folder with the package and a model, as the card's programs expect them. */
async function userFolder(): Promise<string> {
  const { end } = await finish(
    tinyRun({ epochs: 1, validation: { ...tinyDataset(40, 2), source: "/data/valid.csv" } }),
  );
  const folder = temporaryFolder();
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules", "tagformer"));
  symlinkSync(end.directory, join(folder, "model"));
  return folder;
}

const program = (markdown: string, language: string) =>
  new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(markdown)![1]!;

describe("the card of a trained model", () => {
  it("has a JavaScript program that runs on every Node that the package supports", async () => {
    const folder = await userFolder();
    const card = readFileSync(join(folder, "model", "README.md"), "utf8");
    const source = program(card, "js");
    writeFileSync(join(folder, "classify.mjs"), source);
    const printed = execFileSync(process.execPath, ["classify.mjs"], { cwd: folder, encoding: "utf8" });
    expect(printed).toMatch(/scores: {\s*delivery: 0\.\d+/);
    // `using` came with Node 24, and the package begins with 20.
    expect(source).not.toMatch(/\busing\b/);
    expect(source).toContain("await classifier.dispose()");
  });

  it("names the validation table that was given", async () => {
    const card = readFileSync(join(await userFolder(), "model", "README.md"), "utf8");
    expect(card).toContain("On 40 rows of valid.csv, a table of its own.");
    expect(card).toMatch(/"dataset":{"type":"tagformer","name":"valid\.csv","split":"validation"}/);
    expect(card).toContain("Trained with tagformer on 320 rows of tiny data.");
  });
});

it("no JavaScript in the documentation needs a newer Node than the package", () => {
  const files = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter(
    (name) => name.endsWith(".md"),
  );
  const programs = files.flatMap((file) => {
    const blocks = readFileSync(join(root, file), "utf8").matchAll(/```(?:js|javascript|mjs)\n(.*?)```/gs);
    return Array.from(blocks, ([, source]) => ({ file, source: source! }));
  });
  expect(programs.length).toBeGreaterThan(1);
  expect(programs.filter(({ source }) => /\busing\b/.test(source))).toEqual([]);
});
