// npm run pack:platform -- [DIRECTORY] [--arch x64 --arch arm64]: the packages with which tagformer installs without a compiler,
// as they are published: tagformer itself and, for this machine's processor or those that are given, the add-on ready
// built (@tagformer/linux-x64) and libtorch for the CPU (@tagformer/libtorch-linux-x64). The same inputs give the same
// bytes. DIRECTORY is build/platform without one.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { crossCompile, tripleOf } from "./cross-compile.mjs";
import { installMissing, isOnPath, main, root, run, say, setUp } from "./steps.mjs";

/** The newest versions of symbols that a system with glibc 2.28 has (manylinux_2_28, which libtorch is built for). */
const newestSymbols = { GLIBC: "2.28", GLIBCXX: "3.4.25", CXXABI: "1.3.11" };
/** What the registry takes in one package. */
const mostPackedBytes = 200e6;

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: "string", multiple: true, default: [process.arch] } },
});

await main(async () => {
  setUp();
  installMissing([
    ["patchelf", isOnPath("patchelf")],
    ["binutils", isOnPath("strip") && isOnPath("readelf") && isOnPath("objdump")],
  ]);
  const out = resolve(positionals[0] ?? join(root, "build", "platform"));
  const targets = [];
  for (const arch of values.arch) targets.push(await targetFor(arch));
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const ready = targets.map((target) => packAddon(out, target, packLibtorch(out, target)));
  packTagformer(out, ready);
  rmSync(join(out, "staged"), { recursive: true });
  for (const name of readdirSync(out)) {
    const { size } = statSync(join(out, name));
    say(`${join(out, name)}: ${(size / 1e6).toFixed(1)} MB`);
    if (size > mostPackedBytes) throw new Error(`${name} is larger than the registry takes (200 MB)`);
  }
});

/** What is packed for a processor, and the tools that read its libraries. */
async function targetFor(arch) {
  const own = arch === process.arch;
  const tool = (name) => (own ? name : `${tripleOf(arch)}-${name}`);
  const addon = own ? await ourAddon() : await crossCompile(arch);
  return { arch, platform: `${process.platform}-${arch}`, addon, tool };
}

/** The add-on of these sources over the libtorch that setup fetches. Another's may be patched, or lack its licences. */
async function ourAddon() {
  const { addonDirectory, fetchedVersion } = await import("../dist/install/locations.js");
  const { findBuiltAddon } = await import("../dist/install/built-addon.js");
  const addon = findBuiltAddon();
  if (fetchedVersion(addon.torchDirectory) === null) {
    throw new Error(
      `the add-on was built with the libtorch of ${addon.torchDirectory}, and not with one that setup fetched; unset LIBTORCH, remove ${addonDirectory()} and try again in an environment whose Python has no torch`,
    );
  }
  return addon;
}

function packLibtorch(out, { arch, platform, addon: { torchDirectory, torchVersion }, tool }) {
  const sitePackages = join(torchDirectory, "..");
  const [version] = torchVersion.split("+");
  const { directory, name } = stage(out, `libtorch-${platform}`, arch, {
    version,
    description: `libtorch ${version} for the CPU, which tagformer computes with`,
    license: "SEE LICENSE IN licenses",
  });
  const lib = join(directory, "lib");
  mkdirSync(lib);
  for (const [file, source] of librariesOf(join(torchDirectory, "lib", "libtorch_cpu.so"))) {
    run(tool("strip"), "--strip-unneeded", "-o", join(lib, file), source);
  }
  writeFileSync(join(directory, "build-version"), `${torchVersion}\n`);
  copyLicenses(sitePackages, join(directory, "licenses"));
  pack(out, directory);
  return { name, version };
}

/** A library and all that it needs and that the system does not have: names and places. */
function librariesOf(file, found = new Map()) {
  const place = realpathSync(file);
  found.set(field(place, "SONAME")[0] ?? file.split("/").at(-1), place);
  const folders = (field(place, "RPATH")[0] ?? "").replaceAll("$ORIGIN", join(place, "..")).split(":");
  for (const needed of field(place, "NEEDED")) {
    const folder = folders.find((folder) => existsSync(join(folder, needed)));
    if (folder !== undefined && !found.has(needed)) librariesOf(join(folder, needed), found);
  }
  return found;
}

/** Values of one kind in a library's dynamic section. */
function field(file, kind) {
  const { stdout } = spawnSync("readelf", ["--dynamic", "--wide", file], { encoding: "utf8" });
  return [...stdout.matchAll(new RegExp(`\\(${kind}\\)[^[]*\\[(.*)\\]`, "g"))].map(([, value]) => value);
}

/** The licences of every wheel that a library came from. */
function copyLicenses(sitePackages, target) {
  for (const name of readdirSync(sitePackages).filter((name) => name.endsWith(".dist-info"))) {
    const licenses = join(sitePackages, name, "licenses");
    if (existsSync(licenses))
      cpSync(licenses, join(target, name.replace(".dist-info", "")), { recursive: true });
  }
  if (!existsSync(target)) throw new Error(`${sitePackages} has no licences`);
}

function packAddon(out, { arch, platform, addon, tool }, libtorch) {
  const { directory, name } = stage(out, platform, arch, {
    version: manifest.version,
    description: "tagformer's native add-on, ready built",
    license: manifest.license,
    dependencies: { [libtorch.name]: libtorch.version },
  });
  const file = join(directory, "tagformer.node");
  run(tool("strip"), "--strip-unneeded", "-o", file, addon.file);
  // It finds libtorch in the package beside its own, and no longer where set-up found one.
  run("patchelf", "--force-rpath", "--set-rpath", `$ORIGIN/../libtorch-${platform}/lib`, file);
  requireOldSymbols(file, tool);
  const { torchVersion, compiler } = addon;
  writeFileSync(join(directory, "build.json"), `${JSON.stringify({ torchVersion, compiler }, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(directory, "LICENSE"));
  pack(out, directory);
  return [name, manifest.version];
}

function requireOldSymbols(file, tool) {
  const { status, stdout } = spawnSync(tool("objdump"), ["--dynamic-syms", file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${tool("objdump")} cannot read ${file}`);
  const tooNew = stdout.split("\n").filter((line) => {
    const [, library, version] = line.match(/\((GLIBC|GLIBCXX|CXXABI)_([\d.]+)\)/) ?? [];
    return library !== undefined && isNewer(version, newestSymbols[library]);
  });
  if (tooNew.length > 0) {
    throw new Error(
      `the add-on would not load with glibc 2.28, because of these symbols (native/old_glibc):\n${tooNew.join("\n")}`,
    );
  }
}

function isNewer(version, than) {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  const i = a.findIndex((part, i) => part !== (b[i] ?? 0));
  return i !== -1 && a[i] > (b[i] ?? 0);
}

/** tagformer itself, which asks for the add-ons: npm installs that of the machine's platform. */
function packTagformer(out, ready) {
  const directory = join(out, "staged", "tagformer");
  mkdirSync(directory, { recursive: true });
  for (const name of [...manifest.files.filter((name) => !name.startsWith("!")), "README.md", "LICENSE"]) {
    cpSync(join(root, name), join(directory, name), { recursive: true });
  }
  const { scripts: _, devDependencies: __, ...published } = manifest;
  const complete = { ...published, optionalDependencies: Object.fromEntries(ready) };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(complete, null, 2)}\n`);
  pack(out, directory);
}

function stage(out, folder, arch, fields) {
  const name = `@tagformer/${folder}`;
  const directory = join(out, "staged", folder);
  mkdirSync(directory, { recursive: true });
  const { homepage, repository } = manifest;
  const described = {
    name,
    ...fields,
    homepage,
    repository,
    os: [process.platform],
    cpu: [arch],
    libc: ["glibc"],
    // Yarn's Plug'n'Play keeps packages packed, and the system's linker reads no archives.
    preferUnplugged: true,
  };
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
  return { name, directory };
}

/** npm writes the same archive for the same files: it leaves their dates and owners out. */
function pack(out, directory) {
  run("npm", "pack", directory, "--pack-destination", out, "--ignore-scripts", "--loglevel", "error");
}
