// What the machine itself must be, before anything is fetched or built.
import { readFileSync } from "node:fs";

const oldestGlibc = [2, 28] as const;

/** The version of glibc that runs this Node, or `null` with another C library (musl, macOS). */
export function glibcVersion(): string | null {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? null;
}

/** Why libtorch cannot run here, or `null`. */
export function platformProblem(
  platform: NodeJS.Platform = process.platform,
  glibc: string | null = glibcVersion(),
): string | null {
  if (platform === "darwin") return null;
  if (platform !== "linux") return `libtorch is not supported on ${platform}, expected Linux or macOS`;
  if (glibc === null) {
    return "this system has no glibc (Alpine has musl), and there is no libtorch without it; use an image based on Debian, such as node:22-slim";
  }
  const [major = 0, minor = 0] = glibc.split(".").map(Number);
  const old = major < oldestGlibc[0] || (major === oldestGlibc[0] && minor < oldestGlibc[1]);
  return old ? `glibc is version ${glibc}, but libtorch needs ${oldestGlibc.join(".")} or newer` : null;
}

/** Of the instructions that speed the engine up, those that this processor has; `null` where it cannot be told. */
export function processorFeatures(): string[] | null {
  const wanted = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16"];
  try {
    const flags = readFileSync("/proc/cpuinfo", "utf8").match(/^(?:flags|Features)\s*: (.*)$/m)?.[1];
    return flags ? wanted.filter((feature) => flags.split(" ").includes(feature)) : null;
  } catch {
    return null;
  }
}
