import { expect, it } from "vitest";
import { checkDevice } from "../../../src/device.js";

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
