// Faults at the n-th system call of one of the threads of another process, by strace.
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { temporaryFolder } from "../unit/training/tiny-run.js";
import { Progress } from "./progress.js";

/**
 * What happens to a system call: the process is killed before it, it fails, or it is left out and said to have written one
 * byte.
 */
export type Fault = "SIGKILL" | "EIO" | "ENOSPC" | "EDQUOT" | "short";

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

/** What one piece of work came to. */
export interface Outcome {
  /** `killed`, or what the process said: `saved`, `IO`, or an error that nothing expects. */
  readonly outcome: string;
  /** Whether the fault came to pass. */
  readonly injected: boolean;
}

/**
 * A script of test/faults/children that does a piece of work whenever it is told to, in a process that goes on with the next
 * one after faults that do not kill it (children/faulty.mjs).
 */
export class FaultyWork implements AsyncDisposable {
  readonly #script: string;
  readonly #parameters: readonly string[];
  #process: Awaited<ReturnType<typeof start>> | null = null;

  constructor(script: string, parameters: readonly string[] = []) {
    this.#script = script;
    this.#parameters = parameters;
  }

  /** Works on `target` with a fault. */
  async run(target: string, { place, fault, call, n, file }: Injection): Promise<Outcome> {
    const inject = `inject=?${call}:${effects[fault]}:when=${n}`;
    const about = file === undefined ? [] : ["-P", file];
    const { outcome, log } = await this.#work(target, place, [
      ...about,
      "-e",
      `trace=?${call}`,
      "-e",
      inject,
    ]);
    return { outcome, injected: outcome === "killed" || log.includes("INJECTED") };
  }

  /** How often the calls of each kind come when nothing happens to them; those that do not come are left out. */
  async count(target: string, place: Place, calls: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { log } = await this.#work(target, place, ["-e", `trace=${calls.map((call) => `?${call}`)}`]);
    const counts = new Map<string, number>();
    for (const [, call] of log.matchAll(/^(?:\d+ +)?(\w+)\(/gm))
      counts.set(call!, (counts.get(call!) ?? 0) + 1);
    return counts;
  }

  async #work(target: string, place: Place, traced: readonly string[]) {
    this.#process ??= await start(this.#script, this.#parameters);
    const { child, gone, filesThread } = this.#process;
    const ready = once(child, "message");
    child.send(target);
    expect(await ready).toEqual(["ready", undefined]);
    const tracer = await attach(place === "files" ? filesThread : `${child.pid}`, place, traced);
    const said = once(child, "message").then(([outcome]) => String(outcome));
    child.send("begin");
    const outcome = await Promise.race([said, gone]);
    if (outcome === "killed") this.#process = null;
    else tracer.detach();
    await tracer.ended;
    return { outcome, log: tracer.log() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.child.kill("SIGKILL");
    await this.#process?.gone;
    this.#process = null;
  }
}

async function start(script: string, parameters: readonly string[]) {
  const child: ChildProcess = fork(join(import.meta.dirname, "children", script), parameters, {
    // All file operations on one thread, so that their order is the same every time.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  const gone = once(child, "exit").then(() => "killed");
  const [filesThread] = await once(child, "message");
  return { child, gone, filesThread: String(filesThread) };
}

/** What is tried with a fault. */
interface Sweep {
  count(place: Place, calls: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** `false` when it was over before that call. */
  check(injection: Injection): Promise<boolean>;
}

/** A fault at every call of the kinds that come, from the first to the last; returns how many there were. */
export async function sweepCalls(
  sweep: Sweep,
  place: Place,
  fault: Fault,
  calls: readonly string[],
): Promise<number> {
  const counts = await sweep.count(place, calls);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const progress = new Progress(`${fault} at calls of ${place}`, total);
  let tried = 0;
  for (const call of counts.keys()) {
    for (let n = 1; await sweep.check({ place, fault, call, n }); n++) {
      tried++;
      progress.add();
    }
  }
  return tried;
}

const effects: Record<Fault, string> = {
  SIGKILL: "signal=SIGKILL",
  EIO: "error=EIO",
  ENOSPC: "error=ENOSPC",
  EDQUOT: "error=EDQUOT",
  short: "retval=1",
};

async function attach(thread: string, place: Place, traced: readonly string[]) {
  const log = join(temporaryFolder(), "strace");
  const all = place === "each" ? ["-f"] : [];
  const strace = spawn("strace", [...all, "-o", log, "-p", thread, ...traced]);
  const ended = once(strace, "exit");
  let stderr = "";
  strace.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  while (!stderr.includes("attached"))
    await Promise.race([once(strace.stderr, "data"), failed(ended, () => stderr)]);
  return { ended, detach: () => strace.kill("SIGINT"), log: () => readFileSync(log, "utf8") };
}

async function failed(ended: Promise<unknown>, stderr: () => string): Promise<never> {
  await ended;
  throw new Error(`strace ended: ${stderr()}`);
}
