// Faults at the n-th system call of one of the threads of another process, by strace.
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../unit/training/tiny-run.js";

/**
 * What happens to a system call: the process is killed before it, it fails, or it is left out and said to have written seven
 * bytes.
 */
export type Fault = "SIGKILL" | "EIO" | "ENOSPC" | "short";

/**
 * The thread whose calls count: that of JavaScript and the locks, that of `node:fs`, or each by itself, the model's that
 * writes the weights included.
 */
export type Place = "main" | "files" | "each";

/**
 * What may change a disk, and what opens files. strace counts each kind of call by itself, so that each has a sweep of its own.
 * Not all of them are there on every processor.
 */
const changing = [
  ...[
    "openat",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
  ],
  ...[
    "rmdir",
    "ftruncate",
    "pwrite64",
    "flock",
    "chmod",
    "fchmod",
    "fchmodat",
    "copy_file_range",
    "sendfile",
  ],
  ...["utimensat", "sync_file_range"],
];

/** The kinds of calls that a sweep goes through. */
export function callsOf(place: Place, fault: Fault): readonly string[] {
  if (place === "each") return ["openat", "fsync", "sync_file_range"];
  // A write that fails would break libuv, which wakes its loop with one.
  return fault === "SIGKILL" ? [...changing, "write"] : changing;
}

/** Why the sweep cannot run here; `null` where it can. */
export function whyNoStrace(): string | null {
  if (process.platform !== "linux") return "strace is of Linux";
  const child = spawn("sleep", ["60"]);
  const { error, stderr } = spawnSync("timeout", ["5", "strace", "-p", `${child.pid}`], { encoding: "utf8" });
  child.kill();
  if (!error && stderr.includes("attached")) return null;
  return `strace cannot attach to a process: ${error?.message ?? stderr.trim()}`;
}

export interface Injection {
  readonly place: Place;
  readonly fault: Fault;
  /** A kind of system call. */
  readonly call: string;
  /** Counted from 1. */
  readonly n: number;
  /** Only calls about this file count. */
  readonly file?: string;
}

/**
 * Has a script of test/faults/children do its work in another process. It says which of its threads `node:fs` works on, waits
 * until it is told to begin, and says how that ended.
 *
 * @returns `killed`, or what it said; and whether the fault came to pass
 */
export async function workWithFault(
  script: string,
  parameters: readonly string[],
  injection: Injection,
): Promise<{ outcome: string; injected: boolean }> {
  const child = fork(join(import.meta.dirname, "children", script), parameters, {
    // All file operations on one thread, so that their order is the same every time.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  const [files] = await once(child, "message");
  const thread = injection.place === "files" ? String(files) : `${child.pid}`;
  const tracer = await attach(thread, injection);
  const said = once(child, "message").then(([outcome]) => String(outcome));
  const ended = once(child, "exit").then(() => "killed");
  child.send("begin");
  const outcome = await Promise.race([said, ended]);
  await ended;
  await tracer.ended;
  return { outcome, injected: outcome === "killed" || tracer.log().includes("INJECTED") };
}

async function attach(thread: string, { place, fault, call, n, file }: Injection) {
  const log = join(temporaryFolder(), "strace");
  const what = { SIGKILL: "signal=SIGKILL", EIO: "error=EIO", ENOSPC: "error=ENOSPC", short: "retval=7" }[
    fault
  ];
  const inject = `inject=?${call}:${what}:when=${n}`;
  const all = [...(place === "each" ? ["-f"] : []), ...(file === undefined ? [] : ["-P", file])];
  const strace = spawn("strace", [...all, "-o", log, "-p", thread, "-e", `trace=?${call}`, "-e", inject]);
  const ended = once(strace, "exit");
  let stderr = "";
  strace.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  while (!stderr.includes("attached"))
    await Promise.race([once(strace.stderr, "data"), failed(ended, () => stderr)]);
  return { ended, log: () => readFileSync(log, "utf8") };
}

async function failed(ended: Promise<unknown>, stderr: () => string): Promise<never> {
  await ended;
  throw new Error(`strace ended: ${stderr()}`);
}
