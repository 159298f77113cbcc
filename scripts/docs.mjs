// npm run docs: writes the API reference from the declarations in dist, as an editor would show them.
// npm run docs -- --check: fails when it is not what would be written.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTypeScript, localBin, main, root } from "./steps.mjs";

/** The page of each entry of the package, by the name that typedoc gives it. */
const pages = {
  index: { name: "api.md", title: "tagformer: API reference" },
  serve: { name: "api-serve.md", title: "tagformer/serve: API reference" },
};

await main(() => {
  buildTypeScript();
  for (const [name, text] of generate()) {
    const file = join(root, "docs", name);
    if (!process.argv.includes("--check")) writeFileSync(file, text);
    else if (!existsSync(file) || readFileSync(file, "utf8") !== text)
      throw new Error(`docs/${name} is out of date; type: npm run docs`);
  }
});

/** A public declaration without a comment, or a link that leads nowhere, is an error: see typedoc.json. */
function generate() {
  const directory = mkdtempSync(join(tmpdir(), "tagformer-docs-"));
  try {
    localBin("typedoc", "--logLevel", "Warn", "--out", directory);
    return Object.entries(pages).map(([entry, page]) => [
      page.name,
      pageOf(readFileSync(join(directory, `${entry}.md`), "utf8"), page),
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function pageOf(written, { name, title }) {
  const unnamed = written.match(/^.*__namedParameters.*$/m);
  if (unnamed) throw new Error(`docs/${name}: a destructured parameter needs a name: ${unnamed[0]}`);
  const linked = written.replace(
    /\]\((\w+)\.md(#[^)]*)?\)/g,
    (_, entry, at = "") => `](${pages[entry].name}${at})`,
  );
  return linked.replace(/^# .*/, `# ${title}`);
}
