// node scripts/device-check/pack.mjs [FILE]: this Node.js, tagformer and what it needs from npm, in one small file
// for a machine that has neither Node nor a network. The stage "node" of scripts/device-check unpacks it there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const file = resolve(process.argv[2] ?? join(root, "build", "device-check", "carry.tar.xz"));
const limit = 60 * 2 ** 20;

/** Folders of npm packages that are used when tagformer runs or builds itself; packages within packages lie in theirs. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(
      ([path, { dev }]) =>
        /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && !dev && existsSync(join(root, path)),
    )
    .map(([path]) => path);
}

/** What no machine reads that this is for: other platforms' programs, sources of what was compiled, documentation. */
const left = [
  ...["*.map", "*.md", "*.d.ts", "*.d.cts", "*.d.mts", "*.ts"],
  ...["win32-*", "darwin-*", "android-*", "linux-arm*", "linux-*-musl", "freebsd-*"].map(
    (one) => `tokenizers.${one}.node`,
  ),
];

const parts = ["package.json", "CMakeLists.txt", "dist", "native", ...productionPackages()];
mkdirSync(dirname(file), { recursive: true });
const program = basename(process.execPath);
const words = [
  ...["--create", "--file", file, "--use-compress-program", "xz -9 --threads=0", "--dereference"],
  ...left.flatMap((pattern) => ["--exclude", pattern]),
  ...["--transform", `s,^${program}$,bin/node,`, "--directory", dirname(process.execPath), program],
  ...["--directory", root, ...parts],
];
const { status, stderr } = spawnSync("tar", words, { encoding: "utf8" });
if (status !== 0) throw new Error(`tar ended with ${status}: ${stderr}`);
const { size } = statSync(file);
console.log(`${file}: ${(size / 2 ** 20).toFixed(1)} MiB`);
if (size > limit) throw new Error(`expected at most ${limit / 2 ** 20} MiB`);
