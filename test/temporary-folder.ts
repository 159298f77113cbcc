// A test that is killed removes nothing: all of them write into one temporary folder, which goes with the run.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const prefix = "tagformer-tests-";

/** Vitest calls it once for each project; all of them have the folder of the first. */
export default function useTemporaryFolder(): () => void {
  if (basename(tmpdir()).startsWith(prefix)) return () => {};
  const folder = mkdtempSync(join(tmpdir(), prefix));
  process.env.TMPDIR = folder; // what os.tmpdir() gives in the processes that vitest starts from here on
  return () => rmSync(folder, { recursive: true, force: true });
}
