import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { checkDevice, threadCount } from "../../../src/device.js";

it.each(["auto", "cpu"])("device %s is there", (device) => {
  expect(() => checkDevice(device)).not.toThrow();
});

it.each(["cuda", "cuda:3"])("device %s is refused, and never replaced by another", (device) => {
  expect(() => checkDevice(device)).toThrow(
    expect.objectContaining({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringContaining(`device ${device}`),
    }),
  );
});

it("threads are those asked for, or all that there are", () => {
  expect(threadCount(3)).toBe(3);
  expect(threadCount(0)).toBe(availableParallelism());
});
