import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { findBuiltAddon } from "../../../src/install/built-addon.js";
import {
  addonDirectory,
  addonName,
  type BuildRecord,
  buildDirectory,
  buildRecordName,
  cacheDirectory,
} from "../../../src/install/locations.js";
import { useMachine, writeTorch } from "./machine.js";

const machine = useMachine();

describe("cacheDirectory", () => {
  it("prefers TAGFORMER_CACHE, then XDG_CACHE_HOME, then the home directory; empty means unset", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/xdg");
    vi.stubEnv("TAGFORMER_CACHE", "relative/cache");
    expect(cacheDirectory()).toBe(resolve("relative/cache"));
    vi.stubEnv("TAGFORMER_CACHE", "");
    expect(cacheDirectory()).toBe("/xdg/tagformer");
    vi.stubEnv("XDG_CACHE_HOME", "");
    expect(cacheDirectory()).toBe(join(homedir(), ".cache", "tagformer"));
  });
});

describe("findBuiltAddon", () => {
  const record = (): BuildRecord => ({
    torchVersion: "2.13.0+cu130",
    torchDirectory: join(machine.directory, "torch"),
    compiler: "c++ 12",
    date: "2026-01-02T03:04:05.000Z",
  });

  function writeAddon(): string {
    writeTorch(record().torchDirectory);
    mkdirSync(addonDirectory(), { recursive: true });
    writeFileSync(join(addonDirectory(), addonName), "");
    writeFileSync(join(addonDirectory(), buildRecordName), JSON.stringify(record()));
    return join(addonDirectory(), addonName);
  }

  it("finds a complete one", () => {
    expect(findBuiltAddon()?.file).toBeUndefined();
    const file = writeAddon();
    expect(findBuiltAddon()).toEqual({ ...record(), file });
    expect(findBuiltAddon()?.file).toBe(file);
  });

  it.each([addonName, buildRecordName])("does not take one without its %s", (name) => {
    writeAddon();
    rmSync(join(addonDirectory(), name));
    expect(findBuiltAddon()?.file).toBeUndefined();
  });

  it("does not take one whose libtorch has gone or changed", () => {
    writeAddon();
    writeTorch(record().torchDirectory, { version: "2.14.0+cu130" });
    expect(findBuiltAddon()?.file).toBeUndefined();
    rmSync(record().torchDirectory, { recursive: true });
    expect(findBuiltAddon()?.file).toBeUndefined();
  });
});

it("keeps the places of the add-on and of the build apart, both in the cache", () => {
  expect(addonDirectory()).toMatch(new RegExp(`[0-9a-f]{16}-${process.platform}-${process.arch}$`));
  expect(addonDirectory()).not.toBe(buildDirectory());
  for (const directory of [addonDirectory(), buildDirectory()]) expect(directory).toContain(machine.cache);
});
