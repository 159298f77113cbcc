import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestBeside, digestOfFile } from "../../../src/base/digest.js";
import { niceness } from "../../fixtures/niceness.js";
import { temporaryFolder } from "../training/tiny-run.js";

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

describe("the digest of a file", () => {
  it.each([0, 1, 2 ** 20, 2 ** 20 + 1, 3_000_000])("of %i bytes is the same on a thread", async (bytes) => {
    const file = join(temporaryFolder(), "file");
    const content = Buffer.from(Array.from({ length: Math.min(bytes, 999) }, (_, i) => i % 251));
    const whole = Buffer.alloc(bytes, content.length > 0 ? content : 0);
    writeFileSync(file, whole);
    const expected = { bytes, sha256: sha256(whole) };
    expect(await digestOfFile(file)).toEqual(expected);
    expect(await digestBeside(file)).toEqual(expected);
  });

  it("fails on a thread as it does here", async () => {
    const file = join(temporaryFolder(), "none");
    await expect(digestOfFile(file)).rejects.toThrow("ENOENT");
    await expect(digestBeside(file)).rejects.toThrow("ENOENT");
  });

  it.runIf(process.platform === "linux")("gives way to all other threads while it is made", async () => {
    const file = join(temporaryFolder(), "large");
    writeFileSync(file, Buffer.alloc(2 ** 29));
    let over = false;
    const made = digestBeside(file).finally(() => {
      over = true;
    });
    const seen: number[] = [];
    while (!over) {
      seen.push(Math.max(...niceness().values()));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await made).bytes).toBe(2 ** 29);
    expect(Math.max(...seen)).toBe(19);
  });
});
