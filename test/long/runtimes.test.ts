// Bun and Deno with the packages that need no compiler: a model is loaded, predicts, trains, works in a thread, and ends in its middle.
// What holds here is claimed in docs/production.md.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { root, run, succeed, usingProgram } from "../e2e/package.js";
import { finish, labelNames, tinyRun } from "../unit/training/tiny-run.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-runtimes-"));
const tools = join(directory, "tools");
const project = join(directory, "project");
const texts = ["my parcel never came", "I want my money back", "I cannot log in"];

const runtimes: readonly (readonly [name: string, command: readonly [string, ...string[]]])[] = [
  ["Bun", [join(tools, "node_modules", "bun", "bin", "bun")]],
  ["Deno", [join(tools, "node_modules", "deno", "deno"), "run", "--allow-all"]],
];

const inThread = `
  import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
  import { Classifier } from "tagformer";
  if (isMainThread) {
    const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
    const labels = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    console.log(labels.join());
  } else {
    const classifier = await Classifier.load(workerData);
    parentPort.postMessage(Object.keys((await classifier.predict("my parcel")).scores));
    setInterval(() => {}, 1000); // until it is terminated
  }`;

const endings = `
  import { Classifier } from "tagformer";
  const classifier = await Classifier.load(process.argv[2]);
  const texts = Array.from({ length: 20_000 }, (_, i) => "my parcel number " + i);
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(), 20);
  const aborted = await classifier.predict(texts, { signal: aborting.signal }).catch(({ name }) => name);
  const missing = await Classifier.load("./nowhere").catch(({ code }) => code);
  console.log(JSON.stringify({ aborted, missing }));
  void classifier.predict(texts);
  setTimeout(() => process.exit(7), 20);`;

let model: string;
let expected: unknown;

beforeAll(async () => {
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");
  succeed(
    "npm",
    ["install", "--silent", "bun@npm:@oven/bun-linux-x64", "deno@npm:@deno/linux-x64-glibc"],
    tools,
  );
  const packed = join(directory, "packed");
  succeed(process.execPath, [join(root, "scripts", "pack-platform.mjs"), packed], root);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true, "type": "module" }');
  const tarballs = readdirSync(packed).map((name) => join(packed, name));
  succeed("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], project);
  for (const [name, code] of Object.entries({ use: usingProgram, thread: inThread, endings }))
    writeFileSync(join(project, `${name}.mjs`), code);
  model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
  await using classifier = await Classifier.load(model);
  expected = (await classifier.predict(texts)).map(({ scores }) => scores);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(runtimes)("%s", (name, [program, ...words]) => {
  const start = (...parameters: string[]) => run(program, [...words, ...parameters], project);

  it("predicts as Node.js does, to the last bit, and trains", () => {
    const { stdout, stderr } = start("use.mjs", model, join(directory, `trained by ${name}`), ...texts);
    expect(stdout, stderr).not.toBe("");
    expect(JSON.parse(stdout)).toEqual({ scores: expected, steps: 3 });
  });

  it("predicts in a worker, which is then terminated", () => {
    expect(start("thread.mjs", model)).toMatchObject({ status: 0, stdout: `${labelNames.join()}\n` });
  });

  it("aborts a call, rejects with codes, and exits while a model computes", () => {
    const { status, stdout } = start("endings.mjs", model);
    expect(JSON.parse(stdout)).toEqual({ aborted: "AbortError", missing: "IO" });
    expect(status).toBe(7);
  });

  it("runs the command", () => {
    const command = join("node_modules", "tagformer", "dist", "bundle", "main.js");
    writeFileSync(join(project, "texts.txt"), "my parcel\n");
    const { status, stdout } = start(command, "predict", "texts.txt", "--model", model, "--json");
    expect(status).toBe(0);
    expect(stdout).toContain('"delivery"');
  });
});
