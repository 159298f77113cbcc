// npm run tidy: clang-tidy over the native sources, each compiled by itself. Arguments name files; without any, all are
// checked (minutes).
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { llvmTool } from "./llvm.mjs";
import { main, run, setUp } from "./steps.mjs";

await main(async () => {
  setUp();
  const directory = await configure();
  const commands = join(directory, "compile_commands.json");
  writeFileSync(commands, forClang(readFileSync(commands, "utf8")));
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
});

/** A build directory in which nothing is built: the add-on's own build compiles the sources of a directory as one. */
async function configure() {
  const { findBuiltAddon } = await import("../dist/install/built-addon.js");
  const { buildDirectory } = await import("../dist/install/locations.js");
  const { cmakeJs, torchDefinitions } = await import("../dist/install/build.js");
  const { torchDirectory, torchVersion } = findBuiltAddon();
  const definitions = torchDefinitions({ directory: torchDirectory, version: torchVersion });
  const directory = `${buildDirectory()}-tidy`;
  const show = (line) => process.stdout.write(`${line}\n`);
  const { status } = await cmakeJs(
    "configure",
    directory,
    [...definitions, "--CDTAGFORMER_GROUPED=OFF"],
    show,
  );
  if (status !== 0) throw new Error(`CMake could not configure ${directory}`);
  return directory;
}

/** Without GCC's precompiled headers, which Clang cannot read, and the option that goes with them. */
function forClang(commands) {
  return commands.replace(/ -Winvalid-pch| -fpch-preprocess| -include \S*cmake_pch\.hxx/g, "");
}
