// How many processor cores this process may use.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/**
 * The cores that the machine, or the container, grants this process; at least 1.
 *
 * `os.availableParallelism()` knows which cores may be used, but in Node 20 not for how long: a container with
 * `--cpus 2` on a machine of 64 cores still counts 64 (libuv looks at quotas since 1.49).
 *
 * @param system the root directory, for tests
 */
export function grantedCores(system = "/"): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota(system))));
}

/** Cores' worth of time that control groups allow; a fraction where they say so. */
function quota(system: string): number {
  const groups = join(system, "sys/fs/cgroup");
  const own = /^0::(.*)$/m.exec(read(join(system, "proc/self/cgroup")))?.[1] ?? "/";
  // Of version 2, "200000 100000" or "max 100000"; of version 1, -1 for no limit.
  const limits = [
    read(join(groups, own, "cpu.max")),
    read(join(groups, "cpu.max")),
    `${read(join(groups, "cpu/cpu.cfs_quota_us"))} ${read(join(groups, "cpu/cpu.cfs_period_us"))}`,
  ].map((text) => {
    const [time, period] = text.trim().split(/\s+/).map(Number) as [number, number?];
    return time > 0 && period ? time / period : Number.POSITIVE_INFINITY;
  });
  return Math.min(...limits);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
