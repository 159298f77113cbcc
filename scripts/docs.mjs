// npm run docs: writes docs/api.md from the declarations in dist, as an editor would show them.
// npm run docs -- --check: fails when docs/api.md is not what would be written.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTypeScript, localBin, main, root } from "./steps.mjs";

const reference = join(root, "docs", "api.md");

await main(() => {
  buildTypeScript();
  const text = generate();
  if (!process.argv.includes("--check")) return writeFileSync(reference, text);
  if (existsSync(reference) && readFileSync(reference, "utf8") === text) return;
  throw new Error("docs/api.md is out of date; type: npm run docs");
});

/** A public declaration without a comment, or a link that leads nowhere, is an error: see typedoc.json. */
function generate() {
  const directory = mkdtempSync(join(tmpdir(), "tagformer-docs-"));
  try {
    localBin("typedoc", "--logLevel", "Warn", "--out", directory);
    const text = readFileSync(join(directory, "README.md"), "utf8");
    const unnamed = text.match(/^.*__namedParameters.*$/m);
    if (unnamed) throw new Error(`docs/api.md: a destructured parameter needs a name: ${unnamed[0]}`);
    return text;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
