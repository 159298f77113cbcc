import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { grantedCores } from "../../../src/native/cores.js";

const all = availableParallelism();

/** A root directory with these files. */
function system(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "tagformer-cores-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

it.each<[string, Record<string, string>, number]>([
  ["no control groups", {}, all],
  ["no limit", { "sys/fs/cgroup/cpu.max": "max 100000\n" }, all],
  ["a container of one core", { "sys/fs/cgroup/cpu.max": "100000 100000\n" }, 1],
  ["a container of half a core", { "sys/fs/cgroup/cpu.max": "50000 100000\n" }, 1],
  ["a core and a half: two threads would wait", { "sys/fs/cgroup/cpu.max": "150000 100000\n" }, 1],
  ["more than there are", { "sys/fs/cgroup/cpu.max": `${(all + 3) * 1e5} 100000\n` }, all],
  [
    "a group of its own",
    {
      "proc/self/cgroup": "0::/system.slice/api\n",
      "sys/fs/cgroup/system.slice/api/cpu.max": "100000 100000\n",
    },
    1,
  ],
  [
    "version 1 with a limit",
    { "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
    1,
  ],
  [
    "version 1 without",
    { "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
    all,
  ],
])("%s", (_, files, cores) => {
  expect(grantedCores(system(files))).toBe(cores);
});

it("this machine grants at least one", () => {
  expect(grantedCores()).toBeGreaterThanOrEqual(1);
  expect(grantedCores()).toBeLessThanOrEqual(all);
});
