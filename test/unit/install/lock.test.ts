import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { withLock } from "../../../src/install/lock.js";
import { useMachine } from "./machine.js";

const machine = useMachine();
const file = () => join(machine.cache, "a.lock");
const nobodyWaits = () => expect.unreachable("there is nothing to wait for");

it("lets one in at a time, and says once that the others wait", async () => {
  let inside = 0;
  let most = 0;
  const waits = vi.fn();
  const action = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return inside--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(file(), waits, action)));
  expect(most).toBe(1);
  expect(waits).toHaveBeenCalledTimes(2);
});

it("passes the result on, and is released when the action fails", async () => {
  expect(await withLock(file(), nobodyWaits, async () => 7)).toBe(7);
  await expect(withLock(file(), nobodyWaits, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(file())).toBe(false);
});

it("takes over from a process that has died", async () => {
  mkdirSync(machine.cache);
  writeFileSync(file(), `${2 ** 22 + 1} ${hostname()}`); // above the largest pid of Linux
  expect(await withLock(file(), nobodyWaits, async () => "in")).toBe("in");
});

it("takes over from another host that has not been heard of", async () => {
  mkdirSync(machine.cache);
  writeFileSync(file(), "1 some-other-host");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(file(), longAgo, longAgo);
  expect(await withLock(file(), nobodyWaits, async () => "in")).toBe("in");
});

it("says so when the lock cannot be written", async () => {
  mkdirSync(file(), { recursive: true });
  writeFileSync(join(machine.cache, "plain"), "");
  await expect(withLock(join(machine.cache, "plain", "b.lock"), nobodyWaits, async () => 1)).rejects.toThrow(
    /ENOTDIR|EEXIST/,
  );
});
