// node scripts/device-check/pack.mjs [FILE]: this Node.js, tagformer, its tests and what they need from npm, in one file for
// a machine that has neither Node nor a network. python3 scripts/device-check unpacks it there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = resolve(process.argv[2] ?? join(root, "build", "device-check", "carry.tar.xz"));

/** Of the packages that only development needs, those that tests on a device use. */
const forTests = ["vitest", "csv-parse", "fast-check"];

/** Packages that the compiled sources import. Some are none of package.json's dependencies: the bundle has them inside. */
function imported() {
  const dist = join(root, "dist");
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".js") && !name.startsWith("bundle"),
  );
  const specifier = /(?:from|import\()\s*"(@[^/"]+\/[^/"]+|[a-z][^/":]*)(?=[/"])/g;
  return files.flatMap((name) =>
    [...readFileSync(join(dist, name), "utf8").matchAll(specifier)].map(([, found]) => found),
  );
}

/** Folders of npm packages that tagformer and the tests of the device path use; packages within packages lie in theirs. */
function packages() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const names = new Set([...Object.keys(lock[""].dependencies), ...imported(), ...forTests]);
  for (const name of names) {
    for (const [path, { dependencies, optionalDependencies }] of Object.entries(lock)) {
      if (!path.endsWith(`node_modules/${name}`)) continue;
      for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) names.add(needed);
    }
  }
  return [...names].map((name) => `node_modules/${name}`).filter((path) => existsSync(join(root, path)));
}

/** What no machine reads that this is for: other platforms' programs, sources of what was compiled, documentation. */
const left = [
  ...["*.map", "node_modules/*.md", "node_modules/*.ts", "node_modules/*.cts", "node_modules/*.mts"],
  ...["win32-*", "darwin-*", "android-*", "linux-arm*", "linux-*-musl", "freebsd-*"].map(
    (one) => `tokenizers.${one}.node`,
  ),
];

const own = ["package.json", "vitest.config.ts", "CMakeLists.txt"];
const folders = ["dist", "examples", "native", "scripts", "src", "test"];
mkdirSync(dirname(file), { recursive: true });
const program = basename(process.execPath);
const words = [
  ...["--create", "--file", file, "--use-compress-program", "xz -9 --threads=0", "--dereference"],
  ...left.flatMap((pattern) => ["--exclude", pattern]),
  ...["--transform", `s,^${program}$,bin/node,`, "--directory", dirname(process.execPath), program],
  ...["--directory", root, ...own, ...folders, ...packages()],
];
const { status, stderr } = spawnSync("tar", words, { encoding: "utf8" });
if (status !== 0) throw new Error(`tar ended with ${status}: ${stderr}`);
console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
