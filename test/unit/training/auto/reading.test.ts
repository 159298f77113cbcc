import { describe, expect, it } from "vitest";
import { decideReading, multipliesBf16 } from "../../../../src/training/auto/reading.js";

const countsOf = (lengths: readonly number[], most: number) => ({
  read: Int32Array.from(lengths, (tokens) => Math.min(tokens, most)),
  cut: Int32Array.from(lengths, (tokens) => Math.max(0, tokens - most)),
  atLeast: new Uint8Array(lengths.length),
});
const none = { windowStride: 0, maxWindows: 0 };
const all = new Set(["maxLength", "windowStride", "maxWindows"]);
const lengths = Array.from({ length: 200 }, (_, i) => i + 1);

describe("how much of its texts a run reads", () => {
  it("is the shortest row that holds 99 % of them, in steps of 32 tokens", () => {
    const { reading, choices } = decideReading(countsOf(lengths, 512), 512, none, all);
    expect(reading).toEqual({ maxLength: 224, windowStride: 0, maxWindows: 0 });
    expect(choices).toMatchObject([{ option: "maxLength", value: 224 }]);
    expect(choices[0]!.reason).toContain("100.0 % of the texts whole; the longest has 200 tokens");
  });

  it("is up to four windows where many are longer than the model reads", () => {
    const { reading, choices } = decideReading(countsOf(lengths, 128), 128, none, all);
    expect(reading).toEqual({ maxLength: 128, windowStride: 96, maxWindows: 4 });
    expect(choices).toMatchObject([{ option: "windowStride", value: 96 }]);
    expect(choices[0]!.reason).toContain("36.0 % of the texts are longer than 128 tokens");
  });

  it("is what was given", () => {
    expect(decideReading(countsOf(lengths, 64), 64, none, new Set())).toEqual({
      reading: { maxLength: 64, ...none },
      choices: [],
    });
    const strideAlone = decideReading(
      countsOf(lengths, 64),
      64,
      none,
      new Set(["maxLength", "windowStride"]),
    );
    expect(strideAlone.reading).toEqual({ maxLength: 64, windowStride: 48, maxWindows: 0 });
  });

  it("has no windows, which take more time, where its length was given", () => {
    const { reading, choices } = decideReading(countsOf(lengths, 64), 64, none, new Set(["windowStride"]));
    expect(reading).toEqual({ maxLength: 64, ...none });
    expect(choices).toEqual([]);
  });
});

describe("bf16", () => {
  it.each([
    ["avx512_amx", "Intel(R) Xeon(R) Platinum 8481C", true],
    ["avx512_bf16", "Intel(R) Xeon(R) Platinum 8481C", false],
    ["avx512_bf16", "AMD EPYC 9R14", true],
    ["neon_bf16", "Neoverse-V1", true],
    ["avx512", "Intel(R) Xeon(R)", false],
    ["neon", "Neoverse-N1", false],
  ])("with the kernels %s on %s: %s", (kernels, processor, isFaster) => {
    expect(multipliesBf16(kernels, processor)).toBe(isFaster);
  });
});
