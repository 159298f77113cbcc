import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";

let folder: string | undefined;
let count = 0;

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
});

/** Writes a file into a folder of this test file's own; the same name can be used again. */
export function fileOf(name: string, content: string | Uint8Array): string {
  folder ??= mkdtempSync(join(tmpdir(), "tagformer-data-"));
  const file = join(folder, String(count++), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** The error that an action ends in, checked to be one for users. */
export async function errorOf(action: () => unknown): Promise<TagformerError> {
  try {
    await action();
  } catch (error) {
    if (error instanceof TagformerError) return error;
    throw error;
  }
  throw new Error("expected an error");
}
