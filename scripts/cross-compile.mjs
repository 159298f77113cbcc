// node scripts/cross-compile.mjs ARCH: the add-on for another processor than this machine's, compiled here over that processor's
// libtorch. Its tests run emulated (test/long/arm64.test.ts).
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildTypeScript, installMissing, isOnPath, main, root, run, say } from "./steps.mjs";

/** What GNU calls the processors that Node.js has other names for. */
const triples = { arm64: "aarch64-linux-gnu", x64: "x86_64-linux-gnu" };

/** The prefix of a processor's compiler, and of the tools that read its libraries; its system's libraries lie under /usr/TRIPLE. */
export function tripleOf(arch) {
  if (triples[arch] === undefined)
    throw new Error(`there is no compiler for ${arch}; expected ${Object.keys(triples).join(" or ")}`);
  return triples[arch];
}

/** The add-on for `arch`, and where its build directory and its libtorch are. Compiles what changed since the last call. */
export async function crossCompile(arch, target = "tagformer") {
  const triple = tripleOf(arch);
  const compiler = `${triple}-g++`;
  installMissing([
    ["cmake", isOnPath("cmake")],
    ["make", isOnPath("make")],
    [`g++-${triple}`, isOnPath(compiler)],
  ]);
  buildTypeScript();
  const { cacheDirectory } = await import("../dist/install/locations.js");
  const { defaultTorchVersion } = await import("../dist/install/libtorch.js");
  const { fetchLibtorch } = await import("../dist/install/fetch.js");
  const torch = await fetchLibtorch(defaultTorchVersion, (step) => say(`${arch}: ${step}`), arch);
  const directory = join(cacheDirectory(), "build", `cross-${arch}`);
  const headers = ["node-api-headers/include", "node-addon-api"].map((name) =>
    join(root, "node_modules", name),
  );
  const definitions = {
    CMAKE_SYSTEM_NAME: "Linux",
    CMAKE_SYSTEM_PROCESSOR: triple.split("-")[0],
    CMAKE_CXX_COMPILER: compiler,
    CMAKE_CXX_FLAGS: "-DBUILDING_NODE_EXTENSION", // as cmake-js has it
    CMAKE_BUILD_TYPE: "Release",
    CMAKE_JS_INC: headers.join(";"),
    TAGFORMER_TORCH: torch.directory,
    TAGFORMER_TORCH_VERSION: torch.version,
  };
  const flags = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  run("cmake", "-S", root, "-B", directory, ...flags);
  run("cmake", "--build", directory, "--target", target, "--parallel", String(availableParallelism()));
  return {
    ...{ directory, file: join(directory, "tagformer.node") },
    ...{ torchDirectory: torch.directory, torchVersion: torch.version },
    compiler: `${compiler} ${versionOf(compiler)}`,
  };
}

function versionOf(compiler) {
  return spawnSync(compiler, ["-dumpfullversion"], { encoding: "utf8" }).stdout.trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    const { file } = await crossCompile(process.argv[2] ?? "");
    process.stdout.write(`${file}\n`);
  });
}
