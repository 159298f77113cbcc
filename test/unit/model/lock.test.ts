// One writer at a time for a model directory.
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { lockDirectory } from "../../../src/model/lock.js";
import { buildCommand } from "../../e2e/command.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

beforeAll(buildCommand);

let parent: string;
let target: string;
beforeEach(() => {
  parent = temporaryFolder();
  target = join(parent, "model");
});

/** Another process that holds the lock until it is killed. */
async function holder(purpose: "training" | "saving") {
  const child = fork(join(import.meta.dirname, "lock-holder.mjs"), [target, purpose]);
  await once(child, "message");
  return child;
}

describe("a model directory", () => {
  it("is locked once: the second is refused, and told by whom and since when", async () => {
    const before = Date.now();
    await using first = await lockDirectory(target, "training");
    expect(first.weakness).toBeNull();
    const error = await errorOf(() => lockDirectory(target, "training"));
    expect(error.code).toBe("OUTPUT_IN_USE");
    const [, pid, since] = /a training run of this process \((\d+)\), since (\S+);/.exec(error.message) ?? [];
    expect(Number(pid)).toBe(process.pid);
    expect(Date.parse(since!)).toBeGreaterThanOrEqual(before);
  });

  it("is locked under each of its names", async () => {
    symlinkSync(parent, join(parent, "other"));
    await using _ = await lockDirectory(target, "training");
    mkdirSync(target);
    symlinkSync(target, join(parent, "link"));
    for (const name of [join(parent, "other", "model"), join(parent, "link")])
      expect(await errorOf(() => lockDirectory(name, "saving"))).toMatchObject({ code: "OUTPUT_IN_USE" });
  });

  it("is free again when the lock was released, and nothing is left, not even directories made for it", async () => {
    const deep = join(parent, "a", "b", "model");
    const lock = await lockDirectory(deep, "training");
    expect(readdirSync(join(parent, "a", "b"))).toEqual([".model.lock"]);
    lock.release();
    expect(readdirSync(parent)).toEqual([]);
    (await lockDirectory(deep, "training")).release();
  });

  it("is free again when its process was killed, whatever its file says", async () => {
    const child = await holder("training");
    const error = await errorOf(() => lockDirectory(target, "training"));
    expect(error.message).toContain(`a training run of process ${child.pid}, since 2`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(parent, ".model.lock"))).toBe(true);
    await using _ = await lockDirectory(target, "training");
  });

  it("is not locked by a file that names a living process: process numbers come again", async () => {
    const holds = { pid: process.pid, host: "x", since: "2026", purpose: "training" };
    writeFileSync(join(parent, ".model.lock"), JSON.stringify(holds));
    await using _ = await lockDirectory(target, "training");
  });

  it("is waited for while a model is saved there", async () => {
    const child = await holder("saving");
    const waiting = lockDirectory(target, "training");
    child.kill("SIGKILL");
    (await waiting).release();
  });

  it("is locked by one of many that come at once", async () => {
    for (let round = 0; round < 20; round++) {
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, () => lockDirectory(target, "training")),
      );
      const locks = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(locks).toHaveLength(1);
      for (const lock of locks) lock.release();
    }
    expect(readdirSync(parent)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("that can have no lock says why", async () => {
    await using lock = await lockDirectory("/proc/model", "training");
    expect(lock.weakness).toMatch(/^no lock can be made beside it/);
  });
});
