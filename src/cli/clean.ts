// `tagformer clean`
import type { Command } from "commander";
import { type CachedFolder, inspectCache, removeCached } from "../install/clean.js";
import { cacheDirectory } from "../install/locations.js";
import { parseCount } from "./flags.js";
import { print, printJson } from "./terminal.js";

interface CleanFlags {
  readonly days: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addCleanCommand(root: Command): void {
  root
    .command("clean")
    .description("remove what set-up has made for versions that nobody uses any more")
    .option("--days <n>", "keep what was used in the last so many days", parseCount, 30)
    .option("--dry-run", "show what would be removed, and remove nothing")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  tagformer clean --days 7 --dry-run\n")
    .action(clean);
}

function clean({ days, dryRun = false, json }: CleanFlags): void {
  const folders = inspectCache({ days });
  const unused = folders.filter(({ keptBecause }) => keptBecause === null);
  if (!dryRun) unused.forEach(removeCached);
  if (json) printJson({ cache: cacheDirectory(), dryRun, folders });
  else print(describe(folders, dryRun));
}

function describe(folders: readonly CachedFolder[], dryRun: boolean): string {
  const removed = dryRun ? "would be removed" : "removed";
  const freed = folders.reduce((sum, { bytes, keptBecause }) => sum + (keptBecause === null ? bytes : 0), 0);
  return [
    ...folders.map(
      ({ path, bytes, keptBecause }) =>
        `${megabytes(bytes).padStart(10)}  ${path}: ${keptBecause === null ? removed : `kept, ${keptBecause}`}`,
    ),
    freed === 0
      ? `Nothing in ${cacheDirectory()} is unused.`
      : `${megabytes(freed)} ${dryRun ? "would be freed" : "freed"}.`,
  ].join("\n");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
