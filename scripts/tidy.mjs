// npm run tidy: clang-tidy over the native sources, as the last build compiled them. Arguments name files; without
// any, all are checked (minutes).
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { llvmTool } from "./llvm.mjs";
import { main, run, setUp } from "./steps.mjs";

await main(async () => {
  setUp();
  const { buildDirectory } = await import("../dist/install/locations.js");
  const commands = join(buildDirectory(), "compile_commands.json");
  if (!existsSync(commands)) throw new Error(`${commands} is missing; type: npx tagformer setup`);
  const directory = mkdtempSync(join(tmpdir(), "tagformer-tidy-"));
  try {
    writeFileSync(join(directory, "compile_commands.json"), forClang(readFileSync(commands, "utf8")));
    run(
      llvmTool("run-clang-tidy.py"),
      "-clang-tidy-binary",
      llvmTool("clang-tidy"),
      "-p",
      directory,
      "-quiet",
      "-j",
      `${availableParallelism()}`,
      ...process.argv.slice(2),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** Without GCC's precompiled headers, which Clang cannot read, and the option that goes with them. */
function forClang(commands) {
  return commands.replace(/ -Winvalid-pch| -fpch-preprocess| -include \S*cmake_pch\.hxx/g, "");
}
