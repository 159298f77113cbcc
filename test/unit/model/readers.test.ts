// Loads and saves of one directory wait for each other, by what the others do and not by the clock.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { keepSavesOut, withoutReaders } from "../../../src/model/readers.js";
import { readOneVersion } from "../../../src/model/version.js";
import { tryLock } from "../../../src/native/files.js";
import { buildCommand } from "../../e2e/command.js";
import { temporaryFolder } from "../training/tiny-run.js";

let directory: string;
let saves: number;

beforeAll(buildCommand);
beforeEach(async () => {
  directory = join(temporaryFolder(), "model");
  saves = 0;
  await replace();
});

/** Puts another directory in the place, as a save does in the end. */
async function replace(): Promise<void> {
  const beside = `${directory}.next`;
  mkdirSync(beside);
  writeFileSync(join(beside, "model.safetensors"), `save ${++saves}`);
  rmSync(directory, { recursive: true, force: true });
  renameSync(beside, directory);
}

/** Lets an hour pass at each look at the clock. */
function hurryClock(): void {
  let passed = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => {
    passed += 3_600_000;
    return passed;
  });
  onTestFinished(() => clock.mockRestore());
}

/** Another process that reads the directory until it is killed. */
async function reader(): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "reader.mjs"), [directory]);
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "message");
  return child;
}

it("a load that met a save meets no second one, though saves follow each other without a pause", async () => {
  let attempts = 0;
  let saving: Promise<void> | undefined;
  /** One that holds its lock while the load asks for its own, and then others. */
  const save = async () => {
    const held = openSync(directory, "r");
    expect(await tryLock(held, true)).toBe("taken");
    await sleep(50);
    await replace();
    closeSync(held);
    for (let i = 0; i < 20; i++) {
      await withoutReaders(directory, replace);
      await sleep(5);
    }
  };
  const value = await readOneVersion(directory, async () => {
    attempts++;
    if (attempts === 1) {
      await replace();
      saving = save();
    }
    // Others have their turns.
    for (let i = 0; i < 20; i++) await sleep(2);
    return attempts;
  });
  expect(value).toBe(2);
  await saving;
  expect(saves).toBe(23);
});

it("a load waits for a save however long that takes, and for nothing when its signal is given", async () => {
  hurryClock();
  const held = openSync(directory, "r");
  onTestFinished(() => closeSync(held));
  await tryLock(held, true);
  const controller = new AbortController();
  const waiting = keepSavesOut(directory, controller.signal);
  await sleep(100);
  controller.abort();
  await expect(waiting).rejects.toThrow(/aborted/);
});

describe.skipIf(!existsSync("/proc/locks"))("a save", () => {
  it.each(["this process", "another process"])(
    "waits for a reader in %s, however long it reads",
    async (where) => {
      hurryClock();
      const child = where === "another process" ? await reader() : null;
      const letSavesIn = child === null ? await keepSavesOut(directory) : () => void child.kill("SIGKILL");
      const saving = withoutReaders(directory, replace);
      await sleep(200);
      expect(saves).toBe(1);
      letSavesIn();
      await saving;
      expect(saves).toBe(2);
    },
  );

  it("does not wait for a reader that is stopped", async () => {
    const child = await reader();
    child.kill("SIGSTOP");
    await withoutReaders(directory, replace);
    expect(saves).toBe(2);
  });
});
