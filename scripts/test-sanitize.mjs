// npm run test:sanitize: the native and lifetime tests over an add-on built with AddressSanitizer and UBSan (of GCC), in
// a cache of its own. Arguments go to vitest.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { localBin, main, node, setUp } from "./steps.mjs";

const tests = [
  ...["test/native/engine", "test/native/weights"],
  ...["test/faults/lifetime", "test/faults/places", "test/faults/fuzz"],
];

await main(async () => {
  setUp();
  const { cacheDirectory } = await import("../dist/install/locations.js");
  const { findBuiltAddon } = await import("../dist/install/built-addon.js");
  Object.assign(process.env, {
    TAGFORMER_CACHE: join(cacheDirectory(), "sanitized"),
    LIBTORCH: findBuiltAddon().torchDirectory,
    CXXFLAGS: "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
    // Node is not sanitized: the runtime has to come first, and with it the C++ library whose exceptions it watches.
    LD_PRELOAD: ["libasan.so", "libstdc++.so"].map(libraryOfCompiler).join(" "),
    // Node and libtorch leave much to the system when a process ends.
    ASAN_OPTIONS: "detect_leaks=0",
    UBSAN_OPTIONS: "print_stacktrace=1",
  });
  node("dist/bundle/main.js", "setup");
  localBin("vitest", "run", ...tests, ...process.argv.slice(2));
});

function libraryOfCompiler(name) {
  return execFileSync("c++", [`-print-file-name=${name}`], { encoding: "utf8" }).trim();
}
