// What the figures belong to.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { root, say } from "../steps.mjs";

/** A load at the start above this many busy cores makes the figures doubtful. */
const quietLoad = 0.3;
const steadyCeiling = 0.05;
/** Instructions that decide how fast each precision can be, as /proc/cpuinfo names them. */
const decisive = ["avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8"];

export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    instructions: instructions(),
    cores: availableParallelism(),
    memory: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    load: loadavg(),
  };
}

function instructions() {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1].split(" ") ?? [];
  return decisive.filter((name) => flags.includes(name));
}

export function warnIfBusy({ load }) {
  if (load[0] > quietLoad) {
    say(
      `bench: the load of the last minute is ${load[0].toFixed(2)}; figures are only good on a quiet machine`,
    );
  }
}

export function warnIfUnsteady(before, after) {
  for (const precision of Object.keys(before)) {
    const change = after[precision] / before[precision] - 1;
    if (Math.abs(change) <= steadyCeiling) continue;
    say(`bench: the ${precision} ceiling moved by ${Math.round(100 * change)} %; the machine was not quiet`);
  }
}

/** Writes the file beside and renames it. Returns its path. */
export function writeReport(report) {
  const directory = join(root, "bench-results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${report.date.replaceAll(":", "-")}.json`);
  writeFileSync(`${file}.part`, `${JSON.stringify(report, null, 2)}\n`, { flush: true });
  renameSync(`${file}.part`, file);
  return file;
}
