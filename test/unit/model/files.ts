import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tagformer-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The bytes of a safetensors file with this header, an object or any text, and `dataBytes` zeros after it. */
export function safetensors(header: object | string, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

/** Writes a safetensors file of small fp32 tensors with these names. */
export function writeTensors(file: string, names: readonly string[]): void {
  const entries = names.map((name, i) => [
    name,
    { dtype: "F32", shape: [2], data_offsets: [8 * i, 8 * i + 8] },
  ]);
  writeFileSync(file, safetensors(Object.fromEntries(entries), 8 * names.length));
}

export function writeJson(file: string, content: unknown): void {
  writeFileSync(file, JSON.stringify(content));
}
