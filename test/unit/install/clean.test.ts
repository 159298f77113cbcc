import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { inspectCache, removeCached } from "../../../src/install/clean.js";
import {
  addonDirectory,
  addonName,
  type BuildRecord,
  buildDirectory,
  buildRecordName,
  fetchedTorch,
} from "../../../src/install/locations.js";
import { useMachine, writeTorch } from "./machine.js";

const machine = useMachine();
const longAgo = new Date("2020-01-01");

/** An add-on in the cache that was last used long ago. */
function writeAddon(folder: string, torchDirectory: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, addonName);
  writeFileSync(file, "x".repeat(1000));
  const record: BuildRecord = { torchVersion: "2.13.0", torchDirectory, compiler: "c++ 12" };
  writeFileSync(join(folder, buildRecordName), JSON.stringify(record));
  utimesSync(file, longAgo, longAgo);
  return file;
}

function oldFolder(...parts: string[]): string {
  const folder = join(machine.cache, ...parts);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "file"), "x".repeat(500));
  utimesSync(folder, longAgo, longAgo);
  return folder;
}

const reasons = (days = 30) =>
  Object.fromEntries(inspectCache({ days }).map(({ path, keptBecause }) => [path, keptBecause]));

it("keeps what this tagformer uses, and with it the libtorch that the add-on is linked with", () => {
  writeAddon(addonDirectory(), writeTorch(fetchedTorch("2.13.0")));
  oldFolder("build", "0123456789abcdef");
  mkdirSync(buildDirectory(), { recursive: true });
  utimesSync(join(machine.cache, "libtorch", "2.13.0"), longAgo, longAgo);
  expect(reasons()).toEqual({
    [addonDirectory()]: "this tagformer uses it",
    [buildDirectory()]: "it was used in the last 30 days",
    [join(machine.cache, "build", "0123456789abcdef")]: null,
    [join(machine.cache, "libtorch", "2.13.0")]: "an add-on that stays uses it",
  });
});

it("frees what nobody uses, and leaves what setup did not make", () => {
  const other = dirname(writeAddon(join(machine.cache, "addon", "old-linux-x64"), fetchedTorch("2.12.0")));
  writeTorch(fetchedTorch("2.12.0"));
  const libtorch = join(machine.cache, "libtorch", "2.12.0");
  utimesSync(libtorch, longAgo, longAgo);
  const headers = oldFolder("cuda-headers", "13.0");
  const prebuilt = oldFolder("prebuilt", "0.0.1");
  const environment = oldFolder("parity-python-0123");
  const found = inspectCache({ days: 30 });
  expect(found.find(({ path }) => path === other)).toMatchObject({
    bytes: expect.any(Number),
    keptBecause: null,
  });
  expect(found.find(({ path }) => path === headers)).toEqual({
    path: headers,
    bytes: 500,
    keptBecause: null,
  });
  for (const folder of found) removeCached(folder);
  for (const path of [other, libtorch, headers, prebuilt]) expect(existsSync(path), path).toBe(false);
  expect(existsSync(environment)).toBe(true);
});

it("keeps what was used lately: another project may have another version", () => {
  const file = writeAddon(join(machine.cache, "addon", "other-linux-x64"), fetchedTorch("2.12.0"));
  const yesterday = new Date(Date.now() - 86_400_000);
  utimesSync(file, yesterday, longAgo);
  expect(reasons(7)).toEqual({ [dirname(file)]: "it was used in the last 7 days" });
  expect(reasons(0)).toEqual({ [dirname(file)]: null });
});

it.runIf(process.platform === "linux")("keeps what a running process has in memory", async () => {
  const file = writeAddon(join(machine.cache, "addon", "other-linux-x64"), fetchedTorch("2.12.0"));
  const program = join(dirname(file), "program");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"]);
  await once(child, "spawn");
  expect(reasons()).toEqual({ [dirname(file)]: "a running process uses it" });
  child.kill();
  await once(child, "close");
  expect(reasons()).toEqual({ [dirname(file)]: null });
});
