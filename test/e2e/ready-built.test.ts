// The packages with which tagformer installs without a compiler: made as they are published, installed in an empty folder, and
// used where there is neither compiler nor Python nor a directory to write into.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { findBuiltAddon } from "../../src/install/built-addon.js";
import { fetchedVersion } from "../../src/install/locations.js";
import { finish, tinyRun } from "../unit/training/tiny-run.js";
import { barePath, type Outcome, root, succeed, usingProgram } from "./package.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-ready-built-"));
const packed = join(directory, "packed");
const project = join(directory, "an empty project");
const texts = ["my parcel never came", "I want my money back", "I cannot log in"];
const platform = `${process.platform}-${process.arch}`;

// Only the libtorch that setup fetches has its licences beside it.
const canPack =
  process.platform === "linux" && fetchedVersion(findBuiltAddon()?.torchDirectory ?? "/") !== null;

describe.runIf(canPack)("the platform's packages", () => {
  let tarballs: readonly string[];
  let model: string;

  beforeAll(async () => {
    succeed(process.execPath, [join(root, "scripts", "pack-platform.mjs"), packed], root);
    tarballs = readdirSync(packed).map((name) => join(packed, name));
    model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true, "type": "module" }');
    succeed("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], project);
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("are tagformer, its add-on and libtorch, and run nothing when they are installed", () => {
    const folders = ["tagformer", `@tagformer/${platform}`, `@tagformer/libtorch-${platform}`];
    expect(tarballs).toHaveLength(3);
    for (const folder of folders) {
      const text = readFileSync(join(project, "node_modules", folder, "package.json"), "utf8");
      const { name, scripts } = JSON.parse(text) as { name: string; scripts?: object };
      expect(name).toBe(folder);
      expect(scripts).toBeUndefined();
    }
  });

  it("have libtorch's licences", () => {
    const licenses = join(project, "node_modules", "@tagformer", `libtorch-${platform}`, "licenses");
    const names = readdirSync(licenses, { recursive: true, encoding: "utf8" });
    expect(names.some((name) => /^torch-.*LICENSE$/.test(name))).toBe(true);
  });

  it("train a step and predict as the add-on that setup built does, byte for byte, where nothing else is", async () => {
    writeFileSync(join(project, "use.mjs"), usingProgram);
    const { stdout } = alone(["use.mjs", model, join(directory, "trained"), ...texts]);
    const { scores, steps } = JSON.parse(stdout) as { scores: object[]; steps: number };
    expect(steps).toBeGreaterThan(0);
    const classifier = await Classifier.load(model);
    const expected = await classifier.predict(texts);
    await classifier.dispose();
    expect(scores).toEqual(expected.map((prediction) => prediction.scores));
  });

  it("stand beside those of another version, and both compute in one process", () => {
    const modules = join(project, "node_modules");
    const other = join(modules, "other-tagformer");
    cpSync(join(modules, "tagformer"), other, { recursive: true });
    const own = join(other, "node_modules", "@tagformer");
    cpSync(join(modules, "@tagformer", platform), join(own, platform), { recursive: true });
    const libtorch = `libtorch-${platform}`;
    symlinkSync(join(modules, "@tagformer", libtorch), join(own, libtorch));
    writeFileSync(
      join(project, "both.mjs"),
      `import { Classifier } from "tagformer";
       import { Classifier as Other } from "other-tagformer";
       const both = await Promise.all([Classifier.load(process.argv[2]), Other.load(process.argv[2])]);
       const scores = await Promise.all(both.map((classifier) => classifier.predict("my parcel")));
       await both[0].dispose();
       scores.push(await both[1].predict("my parcel"));
       console.log(Classifier === Other, new Set(scores.map((score) => JSON.stringify(score))).size);`,
    );
    expect(alone(["both.mjs", model]).stdout).toBe("false 1\n");
  });

  it("are named by doctor", () => {
    const { stdout } = alone([join("node_modules", "tagformer", "dist", "bundle", "main.js"), "doctor"]);
    expect(stdout).toContain(`of @tagformer/${platform}@`);
  });
});

/** Runs Node.js with no other program on its PATH, and with a cache that cannot be written. */
function alone(parameters: readonly string[]): Outcome {
  const environment = {
    PATH: barePath(mkdtempSync(join(directory, "path-"))),
    TAGFORMER_CACHE: "/dev/null/none",
  };
  return succeed(process.execPath, parameters, project, environment);
}
