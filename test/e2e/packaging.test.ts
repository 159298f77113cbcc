// The package as it would be published: what is in it, and that it works where nothing else is.
// test/long/packaging.test.ts installs it with npm, pnpm and yarn.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheDirectory } from "../../src/install/locations.js";
import { finish, tinyRun } from "../unit/training/tiny-run.js";
import { barePath, pack, root, run, runModule, type Tarball, unpack } from "./package.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-packaging-"));
const project = join(directory, "a project with spaces");
let tarball: Tarball;

beforeAll(() => {
  tarball = pack(directory);
  mkdirSync(project);
  unpack(tarball, project);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the package", () => {
  it("holds what is built, what the add-on is built from, and nothing else", () => {
    const single = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "CMakeLists.txt"];
    expect(tarball.files).toEqual(
      expect.arrayContaining([...single, "dist/bundle/index.js", "dist/bundle/index.d.ts"]),
    );
    const others = tarball.files.filter((file) => !single.includes(file));
    expect(
      others.filter(
        (file) =>
          !/^dist\/bundle\/([\w-]+\.js|(index|serve)\.cjs|(index|serve)\.d\.c?ts|playground\/app\.(html|js|css)|playground\/icon\.svg|LICENSES\.txt)$/.test(
            file,
          ) && !/^native\/.*\.(cc|cu|h)$/.test(file),
      ),
    ).toEqual([]);
    expect(others.filter((file) => file.startsWith("native/test/"))).toEqual([]);
  });

  it("declares its types in one file that needs no other package", () => {
    const declarations = readFileSync(join(root, "dist", "bundle", "index.d.ts"), "utf8");
    expect(declarations).toContain("interface TrainingOptions {");
    expect(declarations.match(/\bfrom ["'](?!node:)/g)).toBeNull();
  });

  it("is smaller than 1 MB", () => {
    expect(tarball.size).toBeLessThan(1e6);
  });

  it("runs nothing when it is installed, so that installing without scripts is the same", () => {
    const { stdout } = run(
      "npm",
      ["pkg", "get", "scripts", "gypfile"],
      join(project, "node_modules", "tagformer"),
    );
    const { scripts, gypfile } = JSON.parse(stdout) as { scripts: Record<string, string>; gypfile: boolean };
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
    expect(gypfile).toBe(false); // or npm would run node-gyp because of binding.gyp
  });
});

describe("in a path with spaces", () => {
  it("is one module for import and require", () => {
    const code = `
      import { createRequire } from "node:module";
      import { TagformerError, Trainer } from "tagformer";
      const required = createRequire(process.cwd() + "/index.js")("tagformer");
      console.log(required.Trainer === Trainer, required.TagformerError === TagformerError);`;
    expect(runModule(code, project)).toMatchObject({ status: 0, stdout: "true true\n", stderr: "" });
  });

  it("is required by a CommonJS program", () => {
    const code = 'const { Classifier } = require("tagformer"); console.log(typeof Classifier.load);';
    const outcome = run(process.execPath, ["--input-type=commonjs", "-e", code], project);
    expect(outcome).toMatchObject({ status: 0, stdout: "function\n", stderr: "" });
  });

  it("uses the add-on that was built before, with no compiler and no Python on the PATH", async () => {
    const { end } = await finish(tinyRun({ epochs: 1 }));
    const code = `
      import { Classifier } from "tagformer";
      const classifier = await Classifier.load(${JSON.stringify(end.directory)});
      const { scores } = await classifier.predict("my parcel");
      await classifier.dispose();
      console.log(Object.keys(scores).join());`;
    const environment = { PATH: barePath(directory), TAGFORMER_CACHE: cacheDirectory() };
    expect(runModule(code, project, environment)).toMatchObject({
      status: 0,
      stdout: "delivery,money,access\n",
      stderr: "",
    });
  });

  it("says what to type where no add-on was built", async () => {
    const { end } = await finish(tinyRun({ epochs: 1 }));
    const code = `
      import { Classifier } from "tagformer";
      await Classifier.load(${JSON.stringify(end.directory)}).catch(({ code, message }) => console.log(code, message));`;
    const { status, stdout } = runModule(code, project, { TAGFORMER_CACHE: join(directory, "empty cache") });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^NATIVE_NOT_BUILT .*`npx tagformer setup`/);
  });

  it("says what is missing where none can be built", () => {
    const command = join(project, "node_modules", "tagformer", "dist", "bundle", "main.js");
    const environment = {
      PATH: barePath(join(directory, "bare")),
      TAGFORMER_CACHE: join(directory, "empty cache"),
    };
    const { status, stdout, stderr } = run(process.execPath, [command, "setup"], project, environment);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^tagformer: there is no cmake on the PATH; there is no C\+\+ compiler/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
