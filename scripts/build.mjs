// npm run build: compiles src to dist, removes what has no source any more, writes the types of options out, and bundles
// what is published.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeBundle, writeDeclarations, writePlayground } from "./bundle.mjs";
import { writeOptionTypes } from "./option-types.mjs";
import { localBin, main, root } from "./steps.mjs";

const dist = join(root, "dist");
const bundle = join(dist, "bundle");

await main(async () => {
  rmSync(bundle, { recursive: true, force: true });
  localBin("tsc", "-p", "tsconfig.build.json");
  removeStale();
  await writeOptionTypes(dist);
  await writeBundle(dist, bundle);
  await writePlayground(join(root, "playground"), join(bundle, "playground"));
  await writeDeclarations(dist, bundle, join(root, "tsconfig.json"));
});

/** What a renamed source left behind would be found by tests and scripts. */
function removeStale() {
  const suffix = /(\.d\.ts|\.js)$/;
  for (const name of readdirSync(dist, { recursive: true })) {
    const source = join(root, "src", name.replace(suffix, ".ts"));
    if (suffix.test(name) && !existsSync(source)) rmSync(join(dist, name));
  }
}
