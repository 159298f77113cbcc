// Where results go: what is no regular file, and a standard output that takes nothing.
import { spawn, spawnSync } from "node:child_process";
import { lstatSync, openSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { main, Running, tagformer } from "./command.js";
import { trained } from "./trained.js";

let table: string;
let model: string;
let withModel: readonly string[];
beforeAll(async () => {
  ({ table, directory: model, flags: withModel } = await trained(40));
});

/** Each command that has a result; what it needs is known when it runs. */
const commands: Record<string, () => string[]> = {
  predict: () => ["predict", table, ...withModel],
  "predict --json": () => ["predict", table, ...withModel, "--json"],
  evaluate: () => ["evaluate", table, ...withModel],
  "evaluate --json": () => ["evaluate", table, ...withModel, "--json"],
  inspect: () => ["inspect", table],
  "inspect --json": () => ["inspect", table, "--json"],
  split: () => ["split", table],
  explain: () => ["explain", "my parcel", ...withModel],
  thresholds: () => ["thresholds", table, ...withModel, "--dry-run"],
  compare: () => ["compare", model, model],
  export: () => ["export", model, "--output", join(temporaryFolder(), "model.pt")],
  doctor: () => ["doctor"],
  "--help": () => ["--help"],
};

/** Each option that names a file to write. */
const outputs: Record<string, (file: string) => string[]> = {
  "predict --out": (file) => ["predict", table, ...withModel, "--out", file],
  "split --out": (file) => ["split", table, "--out", file],
  "evaluate --table": (file) => ["evaluate", table, ...withModel, "--table", file],
  "evaluate --html": (file) => ["evaluate", table, ...withModel, "--html", file],
  "inspect --html": (file) => ["inspect", table, "--html", file],
  "explain --html": (file) => ["explain", "my parcel", ...withModel, "--html", file],
  "export --output": (file) => ["export", model, "--output", file],
};

describe.runIf(process.platform === "linux")("an output", () => {
  it.each(Object.keys(outputs))("of %s goes through a link into a FIFO, and both stay", async (name) => {
    const fifo = join(temporaryFolder(), "fifo");
    spawnSync("mkfifo", [fifo]);
    const link = join(temporaryFolder(), "link");
    symlinkSync(fifo, link);
    const received = buffer(spawn("cat", [fifo]).stdout);
    expect(await tagformer(outputs[name]!(link))).toMatchObject({ status: 0 });
    expect((await received).length).toBeGreaterThan(20);
    expect(statSync(fifo).isFIFO()).toBe(true);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it.each(Object.keys(outputs))("of %s that cannot be written is named", async (name) => {
    const { status, stderr } = await tagformer(outputs[name]!("/dev/full"));
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/tagformer: cannot write \/dev\/full: ENOSPC.*\n$/),
    });
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });

  it.each(Object.keys(outputs))("of %s that is a directory is refused before the work", async (name) => {
    const folder = temporaryFolder();
    const { status, stdout, stderr } = await tagformer(outputs[name]!(folder));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`tagformer: ${folder} is a directory; expected the name of a file to write`);
  });

  it("of predict goes into a process substitution", async () => {
    const command = `"${process.execPath}" "${main}" predict "${table}" ${withModel.join(" ")} --out >(cat)`;
    const { stdout, status } = spawnSync("bash", ["-c", `${command} | cat`], { encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(41);
  });

  it("directory that is a device is refused, and nobody is told to remove it", async () => {
    for (const args of [
      ["train", table, "--model", model, "--output", "/dev/null"],
      ["export", model, "--format", "safetensors", "--output", "/dev/null"],
    ]) {
      const { status, stderr } = await tagformer(args);
      expect({ status, stderr }).toEqual({
        status: 2,
        stderr: expect.stringMatching(/\/dev\/null is a device; choose another output directory\n$/),
      });
    }
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});

describe.runIf(process.platform === "linux")("a standard output", () => {
  it.each(Object.keys(commands))("that is full is reported: %s", (name) => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [main, ...commands[name]!()], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/tagformer: cannot write to standard output: ENOSPC/);
  });

  it.each(Object.keys(commands))("whose reader has gone ends the command quietly: %s", async (name) => {
    const running = new Running(commands[name]!());
    running.child.stdout!.destroy();
    const { status, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|^tagformer:|^ +at /m);
  });
});
