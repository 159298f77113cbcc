// The library in programs that a bundler made: kept external it works, and bundled it says what to change.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type Format } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import webpack from "webpack";
import { pack, run, unpack } from "./package.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-bundlers-"));
const project = join(directory, "project");

beforeAll(() => {
  mkdirSync(project);
  unpack(pack(directory), project);
  writeFileSync(
    join(project, "app.js"),
    `import { Classifier } from "tagformer";
     Classifier.load("no-model").catch(({ code }) => console.log(code));`,
  );
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function esbuilt(format: Format, external: string[]): Promise<string> {
  const outfile = join(project, `esbuild.${format === "esm" ? "mjs" : "cjs"}`);
  const entry = { entryPoints: [join(project, "app.js")], outfile, bundle: true };
  await build({ ...entry, platform: "node", format, external, logLevel: "silent" });
  return outfile;
}

async function webpacked(externals: Record<string, string>): Promise<string> {
  const output = { path: project, filename: "webpack.cjs" };
  const settings = { entry: join(project, "app.js"), target: "node", mode: "development" as const };
  await new Promise<void>((resolve, reject) => {
    webpack({ ...settings, devtool: false, output, externals }, (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return join(project, output.filename);
}

const runProgram = (file: string) => run(process.execPath, [file], project);
const bundled = {
  status: 1,
  stdout: "",
  stderr: expect.stringMatching(/Error: tagformer was bundled .* Keep tagformer external/),
};
const external = { status: 0, stdout: "IO\n", stderr: "" };

describe.each(["esm", "cjs"] as const)("esbuild to %s", (format) => {
  it("says that tagformer has to be external", async () => {
    expect(runProgram(await esbuilt(format, ["vega"]))).toMatchObject(bundled);
  });

  it("works with tagformer external", async () => {
    expect(runProgram(await esbuilt(format, ["tagformer"]))).toMatchObject(external);
  });
});

describe("webpack", () => {
  it("says that tagformer has to be external", async () => {
    expect(runProgram(await webpacked({ vega: "commonjs vega" }))).toMatchObject(bundled);
  });

  it("works with tagformer external", async () => {
    expect(runProgram(await webpacked({ tagformer: "commonjs tagformer" }))).toMatchObject(external);
  });
});
