// npm run tidy: clang-tidy over the native sources, as the last build compiled them. Arguments name files; without
// any, all are checked (minutes).
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { llvmTool } from "./llvm.mjs";
import { main, run, setUp } from "./steps.mjs";

await main(async () => {
  setUp();
  const { buildDirectory } = await import("../dist/install/locations.js");
  const commands = join(buildDirectory(), "compile_commands.json");
  if (!existsSync(commands)) throw new Error(`${commands} is missing; type: npx tagformer setup`);
  run(
    llvmTool("run-clang-tidy.py"),
    "-clang-tidy-binary",
    llvmTool("clang-tidy"),
    "-p",
    buildDirectory(),
    "-quiet",
    "-j",
    `${availableParallelism()}`,
    ...process.argv.slice(2),
  );
});
