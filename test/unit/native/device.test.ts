import { afterEach, describe, expect, it, vi } from "vitest";
import { checkDevice, experiments, findDevice } from "../../../src/native/device.js";
import { freshModel } from "../../native/tiny-bert.js";

const gpu = await findDevice("cuda").catch(() => null);

it.each(["auto", "cpu"])("device %s is there", async (device) => {
  await expect(checkDevice(device)).resolves.toBeUndefined();
});

describe.skipIf(gpu !== null)("where there is no GPU", () => {
  it.each(["cuda", "cuda:3"])("device %s is refused, and never replaced by another", async (device) => {
    const refusal = expect.objectContaining({
      code: "DEVICE_UNAVAILABLE",
      message: expect.stringMatching(new RegExp(`^device ${device} is not available: .*driver.*cpu or auto`)),
    });
    await expect(checkDevice(device)).rejects.toEqual(refusal);
    await expect(freshModel({ device })).rejects.toEqual(refusal);
  });

  it("auto is the CPU, and nothing need be said of that", async () => {
    await using model = await freshModel({ device: "auto" });
    expect(model.info).toMatchObject({ device: "cpu", deviceNote: "" });
  });
});

describe.skipIf(gpu === null)("where there is a GPU", () => {
  it("auto takes it, and says so", async () => {
    await using model = await freshModel({ device: "auto" });
    expect(model.info).toMatchObject({ device: "cuda:0", deviceNote: expect.stringContaining("cuda:0") });
  });

  it("one too many is refused", async () => {
    await expect(checkDevice("cuda:63")).rejects.toMatchObject({ code: "DEVICE_UNAVAILABLE" });
  });
});

describe("TAGFORMER_EXPERIMENTAL", () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ["", []],
    ["graphs", ["graphs"]],
    [" flash, graphs,", ["flash", "graphs"]],
  ])("%j names %j", (value, names) => {
    vi.stubEnv("TAGFORMER_EXPERIMENTAL", value);
    expect(experiments()).toEqual(names);
  });

  it("is nothing where it is not set", () => {
    vi.stubEnv("TAGFORMER_EXPERIMENTAL", undefined);
    expect(experiments()).toEqual([]);
  });
});
