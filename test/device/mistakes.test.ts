// What the simulated device is worth: mistakes that a GPU would punish, each made by a process of its own.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { simulatedFolder } from "./simulated.js";

const program = simulatedFolder && join(simulatedFolder, "mistakes");
const library = simulatedFolder && join(simulatedFolder, "libsimulated_device.so");
const names = program ? spawnSync(program, { encoding: "utf8" }).stdout.trim().split("\n") : [];

function make(mistake: string) {
  const { status, signal, stdout } = spawnSync(program!, [library!, mistake], { encoding: "utf8" });
  return { status, signal, stdout };
}

describe.skipIf(!program)("the simulated device", () => {
  it.each(names.filter((name) => name.startsWith("fine: ")))("computes: %s", (name) => {
    expect(make(name)).toEqual({ status: 0, signal: null, stdout: "" });
  });

  it.each(names.filter((name) => /^the host|^memcpy/.test(name)))(
    "is no memory of the host's: %s",
    (name) => {
      expect(make(name)).toMatchObject({ signal: "SIGSEGV" });
    },
  );

  it.each([
    ["a sum with a tensor of the CPU", /two devices, cuda:0 and cpu/],
    ["a product with a tensor of the CPU", /two devices, cuda:0 and cpu/],
    ["an embedding with indices of the CPU", /two devices, cuda:0 and cpu/],
    ["a selection with indices of the CPU", /two devices, cuda:0 and cpu/],
    ["cat of both", /two devices, cuda:0 and cpu/],
    ["a norm with a weight of the CPU", /two devices, cuda:0 and cpu/],
    ["a linear layer with a bias of the CPU", /two devices, cuda:0 and cpu/],
    ["a generator of the CPU", /a generator of cuda:0 but found one of cpu/],
    ["an operator without a kernel for CUDA", /Could not run|not implemented/],
    ["AdamW with its count on the CPU", /two devices|same dtype, device/],
    ["an index beyond a table", /device-side assert/],
    ["pinned memory read before it was waited for", /^wrong: /],
    ["pinned memory changed before it was sent", /^wrong: 27/],
    ["memory that nothing was written to", /^wrong: .*nan/],
    ["memory that was freed", /^wrong: /],
  ])("refuses %s", (name, message) => {
    expect(names).toContain(name);
    expect(make(name)).toMatchObject({ status: 1, stdout: expect.stringMatching(message) });
  });
});
