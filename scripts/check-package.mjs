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
    // Every resolution but node10, which knows no "exports". And tagformer is one ES module for `import` and `require`
    // alike, as Node.js loads it since 20.19; TypeScript's node16, which attw asks, still takes that for an error.
    localBin("attw", tarball, "--quiet", "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm");
  } finally {
    rmSync(directory, { recursive: true });
  }
});
