// Fetches libtorch as the wheel of the package index into the cache, without the gigabytes that only CUDA needs.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { TagformerError } from "../base/errors.js";
import { inspectLibtorch, type Libtorch } from "./libtorch.js";
import { cacheDirectory, cudaHeadersDirectory, fetchedSitePackages } from "./locations.js";
import { withLock } from "./lock.js";
import type { Progress } from "./progress.js";
import { lastLines, type Outcome, run } from "./run.js";

/** Unpacked wheel (1.2 GB) and the downloads that are kept meanwhile. */
const neededBytes = 2.5e9;

/**
 * Wheels for any interpreter will do, since no Python ever loads them: naming one that every torch has makes this
 * independent of the pip's own, which may be too old or too new.
 */
const anyPython = ["--python-version", "3.12", "--only-binary", ":all:"];

/** Unpacked libraries of CUDA (3 GB) and the downloads that are kept meanwhile. */
const neededCudaBytes = 6e9;

/**
 * Fetches libtorch `version` unless it is there. Throws `SETUP_FAILED` with what to type.
 *
 * @param arch the processor it is for, as Node.js names it: another than this machine's to compile for that
 */
export async function fetchLibtorch(
  version: string,
  progress: Progress,
  arch: string = process.arch,
): Promise<Libtorch> {
  const target = fetchedSitePackages(version, arch);
  return withLock(
    `${target}.lock`,
    () => progress("waiting for another process that fetches libtorch"),
    async () => {
      const present = inspectLibtorch(join(target, "torch"));
      if (typeof present !== "string") return present;
      requireSpace("libtorch", neededBytes);
      const part = `${target}.part`;
      rmSync(part, { recursive: true, force: true });
      const installer = await findInstaller(`${target}.venv`);
      const step = `fetching libtorch ${version} (about half a gigabyte)`;
      progress(step);
      const fetch = (packages: readonly string[]) =>
        install(installer, part, [...platformTags(arch), ...packages], (line) => progress(step, line.trim()));
      await fetch(["--no-deps", `torch==${version}`]);
      const companions = companionsOf(part, arch);
      if (companions.length > 0) await fetch(companions);
      rmSync(`${target}.venv`, { recursive: true, force: true });

      const fetched = inspectLibtorch(join(part, "torch"));
      if (typeof fetched === "string") {
        throw new TagformerError(
          "SETUP_FAILED",
          `the libtorch fetched into ${part} cannot be used: ${fetched}`,
        );
      }
      rmSync(target, { recursive: true, force: true });
      renameSync(part, target);
      return { ...fetched, directory: join(target, "torch") };
    },
  );
}

/**
 * Fetches the libraries that the CUDA half of the fetched libtorch `version` is linked with, in the versions that it pins.
 * Throws `SETUP_FAILED` with what to type.
 */
export async function fetchCudaLibraries(version: string, progress: Progress): Promise<void> {
  const target = fetchedSitePackages(version);
  await withLock(
    `${target}.lock`,
    () => progress("waiting for another process that fetches libtorch"),
    async () => {
      const packages = cudaPackagesOf(target);
      if (packages.length === 0) {
        throw new TagformerError(
          "SETUP_FAILED",
          `the libtorch ${version} of this platform comes without CUDA`,
        );
      }
      requireSpace("CUDA", neededCudaBytes);
      const part = `${target}.cuda.part`;
      rmSync(part, { recursive: true, force: true });
      const installer = await findInstaller(`${target}.venv`);
      const step = `fetching the CUDA libraries of libtorch ${version} (3 GB)`;
      progress(step);
      await install(installer, part, packages, (line) => progress(step, line.trim()));
      rmSync(`${target}.venv`, { recursive: true, force: true });
      replaceFolder(join(part, "nvidia"), join(target, "nvidia"));
      rmSync(part, { recursive: true, force: true });
    },
  );
}

/**
 * Fetches the headers of CUDA `version`, such as `13.0`: two megabytes, of which libtorch's wheel brings most along, but
 * not all. Throws `SETUP_FAILED`.
 */
export async function fetchCudaHeaders(version: string): Promise<void> {
  const target = dirname(dirname(dirname(cudaHeadersDirectory(version))));
  const installer = await findInstaller(`${target}.venv`);
  const packages = ["nvidia-cuda-runtime", "nvidia-cuda-crt", "nvidia-cuda-cccl"].map(
    (name) => `${name}==${version}.*`,
  );
  await install(installer, target, ["--no-deps", "--upgrade", ...packages], () => {});
  rmSync(`${target}.venv`, { recursive: true, force: true });
}

/** pip's name of a processor, where it is not Node.js's. */
const machines: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };
/** Versions of glibc that NVIDIA's and PyTorch's wheels are named after; pip takes none but those that it is told. */
const wheelGlibcs = [17, 24, 25, 26, 27, 28];

/** What pip must be told to fetch for another processor; nothing for this machine's. */
function platformTags(arch: string): string[] {
  if (arch === process.arch) return [];
  const machine = machines[arch] ?? arch;
  return wheelGlibcs.flatMap((minor) => ["--platform", `manylinux_2_${minor}_${machine}`]);
}

/** Puts a folder in the place of another; a process that has files of that open keeps them. */
function replaceFolder(from: string, to: string): void {
  const old = `${to}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(to)) renameSync(to, old);
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}

function requireSpace(what: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(cacheDirectory());
  if (bavail * bsize >= neededBytes) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new TagformerError(
    "SETUP_FAILED",
    `${cacheDirectory()} has ${gigabytes(bavail * bsize)} left, but ${what} needs ${gigabytes(neededBytes)}; ` +
      "make room, or set TAGFORMER_CACHE to a directory on another disk",
  );
}

/** The words of a command that takes pip's options. */
type Installer = readonly [string, ...string[]];

/** pip or uv; failing those, the pip of a fresh virtual environment in `venv`. */
async function findInstaller(venv: string): Promise<Installer> {
  const candidates: Installer[] = [["python3", "-m", "pip"], ["pip3"], ["pip"], ["uv", "pip"]];
  for (const candidate of candidates) {
    const [command, ...parameters] = candidate;
    if ((await run(command, [...parameters, "--help"])).status === 0) return candidate;
  }
  const made = await run("python3", ["-m", "venv", "--clear", venv]);
  if (made.status === 0) return [join(venv, "bin", "python"), "-m", "pip"];
  throw new TagformerError(
    "SETUP_FAILED",
    "there is no pip to fetch libtorch with. Install one (on Debian and Ubuntu: apt-get install python3-pip), " +
      "or set LIBTORCH to a directory with libtorch 2.6 or newer",
    { cause: lastLines(made) },
  );
}

async function install(
  [command, ...parameters]: Installer,
  target: string,
  packages: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const all = [...parameters, "install", ...anyPython, "--target", target, ...packages];
  const outcome = await run(command, all, onLine);
  if (outcome.status !== 0) {
    throw new TagformerError(
      "SETUP_FAILED",
      `${command} could not fetch ${packages.at(-1)}: ${reason(outcome)}`,
      {
        cause: lastLines(outcome),
      },
    );
  }
}

/** The line that names the failure; pip writes advice after it, and warnings around it. */
function reason(outcome: Outcome): string {
  const lines = outcome.stderr.trim().split("\n");
  return (lines.findLast((line) => /^error/i.test(line)) ?? lines.at(-1) ?? "").trim() || "it gave no reason";
}

/**
 * Of all that a CUDA wheel requires, `libtorch_cpu` itself is linked with two libraries: the CUDA runtime and CUPTI.
 * The versions are those that the wheel's metadata pins.
 */
function companionsOf(sitePackages: string, arch: string): string[] {
  const metadata = metadataOf(sitePackages, arch);
  const toolkit = toolkitOf(metadata);
  if (toolkit) return [`cuda-toolkit[cudart,cupti]==${toolkit.version}`];
  const pins = metadata.matchAll(/^Requires-Dist: (nvidia-cuda-(?:runtime|cupti)-cu\d+) ?\(?==([\d.]+)/gm);
  return [...pins].map(([, name, version]) => `${name}==${version}`);
}

/** All of NVIDIA's libraries that the wheel requires. What only Python uses, such as triton, is left out. */
function cudaPackagesOf(sitePackages: string): string[] {
  const metadata = metadataOf(sitePackages, process.arch);
  const toolkit = toolkitOf(metadata);
  const pins = metadata.matchAll(/^Requires-Dist: (nvidia-[\w-]+) ?\(?==([\d.]+)/gm);
  return [
    ...(toolkit ? [`cuda-toolkit[${toolkit.parts}]==${toolkit.version}`] : []),
    ...[...pins].map(([, name, version]) => `${name}==${version}`),
  ];
}

/** Of torch 2.13 and newer: the package that stands for parts of the CUDA toolkit. */
function toolkitOf(metadata: string): { parts: string; version: string } | undefined {
  const found = metadata.match(/^Requires-Dist: cuda-toolkit\[(.*)\]==([\d.]+)/m);
  return found ? { parts: found[1]!, version: found[2]! } : undefined;
}

/** The fetched wheel's metadata, but for what it requires on other processors; empty where wheels have no CUDA. */
function metadataOf(sitePackages: string, arch: string): string {
  const info = readdirSync(sitePackages).find((name) => /^torch-.*\.dist-info$/.test(name));
  if (!info || process.platform !== "linux") return "";
  const lines = readFileSync(join(sitePackages, info, "METADATA"), "utf8").split("\n");
  const own = (line: string) => {
    const machine = line.match(/platform_machine == "(\w+)"/)?.[1];
    return machine === undefined || machine === (machines[arch] ?? arch);
  };
  return lines.filter(own).join("\n");
}
