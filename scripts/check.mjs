// npm run check: formatting, lint and types of TypeScript and JavaScript, formatting of C++, what nobody uses, what would
// be published, and whether the API reference is up to date.
// npm run check -- --fix: the same, after formatting everything and writing the API reference.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { llvmTool } from "./llvm.mjs";
import { buildTypeScript, localBin, main, node, root, run, StepFailed, say } from "./steps.mjs";

const fix = process.argv.includes("--fix");
const checks = {
  "biome check": () => localBin("biome", "check", "--error-on-warnings", ...(fix ? ["--write"] : [])),
  "tsc --noEmit": () => {
    localBin("tsc", "--noEmit");
    localBin("tsc", "--noEmit", "-p", "playground"); // for browsers
  },
  "clang-format": () =>
    run(llvmTool("clang-format"), ...(fix ? ["-i"] : ["--dry-run", "-Werror"]), ...nativeSources()),
  knip: () => localBin("knip"),
  package: () => node("scripts/check-package.mjs"),
  docs: () => node("scripts/docs.mjs", ...(fix ? [] : ["--check"])),
};

await main(() => {
  buildTypeScript(); // the tests of types and the API reference look at the declarations
  const failed = Object.entries(checks).flatMap(([name, check]) => (passes(check) ? [] : [name]));
  if (failed.length === 0) return;
  say(`check: ${failed.join(", ")} failed`);
  throw new StepFailed(1);
});

/** Every check runs, whatever the others say. */
function passes(check) {
  try {
    check();
    return true;
  } catch (error) {
    if (!(error instanceof StepFailed)) say(error.message);
    return false;
  }
}

function nativeSources() {
  return readdirSync(join(root, "native"), { recursive: true })
    .filter((name) => /\.(cc|h|cu)$/.test(name))
    .map((name) => join("native", name));
}
