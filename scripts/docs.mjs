// npm run docs: writes docs/api from the declarations in dist, as an editor would show them.
// npm run docs -- --check: fails when docs/api is not what would be written.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTypeScript, localBin, main, root } from "./steps.mjs";

const reference = join(root, "docs", "api");

await main(() => {
  buildTypeScript();
  if (process.argv.includes("--check")) check();
  else generate(reference);
});

/** A public declaration without a comment, or a link that leads nowhere, is an error: see typedoc.json. */
function generate(directory) {
  localBin("typedoc", "--logLevel", "Warn", "--out", directory);
}

function check() {
  const fresh = mkdtempSync(join(tmpdir(), "tagformer-docs-"));
  try {
    generate(fresh);
    const names = new Set([...filesIn(fresh), ...filesIn(reference)]);
    const outdated = [...names].filter((name) => textOf(fresh, name) !== textOf(reference, name));
    if (outdated.length === 0) return;
    throw new Error(`docs/api is out of date (${outdated.slice(0, 3).join(", ")}); type: npm run docs`);
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function filesIn(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true }).filter((name) => name.endsWith(".md"));
}

function textOf(directory, name) {
  const file = join(directory, name);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
