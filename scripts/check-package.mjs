// Packs what would be published, and lets publint and attw ("are the types wrong") look at it; part of npm run check.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTypeScript, localBin, main, run } from "./steps.mjs";

await main(() => {
  buildTypeScript();
  const directory = mkdtempSync(join(tmpdir(), "tagformer-package-"));
  try {
    run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", directory);
    const tarball = join(directory, readdirSync(directory)[0]);
    localBin("publint", tarball, "--strict");
    localBin("attw", tarball, "--quiet");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
