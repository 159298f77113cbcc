// A test that is killed removes nothing: all of them write into one temporary folder, which goes with the run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function useTemporaryFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "tagformer-tests-"));
  process.env.TMPDIR = folder; // what os.tmpdir() gives in the processes that vitest starts from here on
  return () => rmSync(folder, { recursive: true, force: true });
}
