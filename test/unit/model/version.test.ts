// Reading one version of a directory that others replace meanwhile, however slow the machine is.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { readOneVersion } from "../../../src/model/version.js";
import { errorOf, temporaryFolder } from "../training/tiny-run.js";

const directory = join(temporaryFolder(), "model");

function save(content: string): void {
  const beside = `${directory}.next`;
  mkdirSync(beside);
  writeFileSync(join(beside, "model.safetensors"), content);
  rmSync(directory, { recursive: true, force: true });
  renameSync(beside, directory);
}

/** Lets this many milliseconds pass for whoever looks at the clock. */
function slowClock(): (milliseconds: number) => void {
  let passed = 0;
  const real = performance.now.bind(performance);
  const clock = vi.spyOn(performance, "now").mockImplementation(() => real() + passed);
  onTestFinished(() => clock.mockRestore());
  return (milliseconds) => {
    passed += milliseconds;
  };
}

it("is tried again under the lock when the first attempt met a save and took longer than anything is waited for", async () => {
  const pass = slowClock();
  save("one");
  let attempts = 0;
  const value = await readOneVersion(directory, async () => {
    attempts++;
    pass(100_000);
    if (attempts < 3) save(`version ${attempts}`);
    return attempts;
  });
  expect(value).toBe(3);
});

it("is given up when something that knows no locks replaces the directory in every attempt for long", async () => {
  const pass = slowClock();
  save("one");
  const discarded: number[] = [];
  let attempts = 0;
  const reading = readOneVersion(
    directory,
    async () => {
      pass(20_000);
      save(`version ${++attempts}`);
      return attempts;
    },
    async (value) => void discarded.push(value),
  );
  expect(await errorOf(() => reading)).toMatchObject({
    code: "IO",
    message: expect.stringContaining("was changed again and again while it was read"),
  });
  expect(attempts).toBeGreaterThanOrEqual(10);
  expect(discarded).toHaveLength(attempts);
});
