import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { searchLibtorch } from "../../../src/install/find.js";
import { fetchedTorch } from "../../../src/install/locations.js";
import { pythonWith, useMachine, writeTorch } from "./machine.js";

const machine = useMachine();
const at = (name: string) => join(machine.directory, name);

it("says of every place why it has none", async () => {
  machine.program("python3", pythonWith(null));
  expect(await searchLibtorch()).toEqual([
    { place: "LIBTORCH", libtorch: null, problem: "it is not set" },
    { place: "the torch of python3", libtorch: null, problem: "python3 has no torch" },
    { place: "the torch of python", libtorch: null, problem: "there is no python on the PATH" },
    { place: "the cache", libtorch: null, problem: `${fetchedTorch("2.13.0")} is not there` },
  ]);
});

it("looks at LIBTORCH, Python and the cache in this order", async () => {
  vi.stubEnv("LIBTORCH", writeTorch(at("mine"), { version: "2.11.0" }));
  machine.program("python3", pythonWith(writeTorch(at("site-packages/torch"), { version: "2.12.0" })));
  writeTorch(fetchedTorch("2.13.0"));
  const versions = (await searchLibtorch()).map(({ libtorch }) => libtorch?.version);
  expect(versions).toEqual(["2.11.0", "2.12.0", undefined, "2.13.0+cu130"]);
});

it("refuses other versions than the one asked for, and looks for that one in the cache", async () => {
  vi.stubEnv("LIBTORCH", writeTorch(at("mine"), { version: "2.13.1+cpu" }));
  writeTorch(fetchedTorch("2.15.0"), { version: "2.15.0+cu132" });
  const [named, , , fetched] = await searchLibtorch("2.15.0");
  expect(named?.problem).toBe("its version is 2.13.1+cpu, expected 2.15.0");
  expect(fetched?.libtorch?.version).toBe("2.15.0+cu132");
});

it("follows links to the directory that is meant now", async () => {
  writeTorch(at("torch-2.13"));
  symlinkSync(at("torch-2.13"), at("current"));
  vi.stubEnv("LIBTORCH", at("current"));
  expect((await searchLibtorch())[0]?.libtorch?.directory).toBe(at("torch-2.13"));
});

it("names what is missing in a LIBTORCH that is not one", async () => {
  vi.stubEnv("LIBTORCH", at("nowhere"));
  expect((await searchLibtorch())[0]?.problem).toMatch(/nowhere.*libtorch_cpu\.\w+ is missing/);
});
