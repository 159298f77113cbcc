// Saving a model over another, with a fault at the n-th system call of one of the process's threads.
import { fork, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";

/** What happens to a system call: the process is killed before it, or it fails. */
export type Fault = "SIGKILL" | "EIO" | "ENOSPC";

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
function callsOf(place: Place, fault: Fault): readonly string[] {
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

/** Two models, and a directory with the first one and a file of the user's. */
export class Sweep {
  readonly #models: readonly string[];
  readonly #whole: readonly string[];

  private constructor(models: readonly string[]) {
    this.#models = models;
    this.#whole = models.map(digestOf);
  }

  static async prepare(): Promise<Sweep> {
    const { end } = await finish(tinyRun({ epochs: 1 }));
    const models: string[] = [];
    for (const threshold of [0.25, 0.75]) {
      const model = join(temporaryFolder(), `threshold-${threshold}`);
      await using classifier = await Classifier.load(end.directory, { threads: 1, threshold });
      await classifier.save(model);
      models.push(model);
    }
    return new Sweep(models);
  }

  /**
   * Saves the second model over the first with a fault at the n-th call of a kind; checks that one of them is there, whole, and
   * that the next save leaves nothing else.
   *
   * @returns `false` when the save was over before that call
   */
  async check({ place, fault, call, n }: Injection): Promise<boolean> {
    const target = join(temporaryFolder(), "model");
    await using first = await Classifier.load(this.#models[0]!, { threads: 1 });
    await first.save(target);
    writeFileSync(join(target, "notes.txt"), "mine");
    const { outcome, injected } = await saveWithFault(this.#models[1]!, target, { place, fault, call, n });
    const where = `${fault} at ${call} ${n} of ${place}`;
    if (fault !== "SIGKILL") expect(["saved", "IO"], `${where}: ${outcome}`).toContain(outcome);
    const found = digestOf(target);
    expect(this.#whole, where).toContain(found);
    if (outcome === "saved") expect(found, where).toBe(this.#whole[1]);
    await first.save(target);
    expect(readdirSync(dirname(target)), where).toEqual(["model"]);
    expect(digestOf(target), where).toBe(this.#whole[0]);
    expect(readFileSync(join(target, "notes.txt"), "utf8"), where).toBe("mine");
    rmSync(dirname(target), { recursive: true });
    return injected;
  }

  /** Every call of the kinds, from the first to the last; returns how many there were. */
  async run(place: Place, fault: Fault, calls: readonly string[] = callsOf(place, fault)): Promise<number> {
    let tried = 0;
    for (const call of calls) {
      for (let n = 1; await this.check({ place, fault, call, n }); n++) tried++;
    }
    return tried;
  }
}

/** Names the content of all files of a model. */
function digestOf(directory: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(directory).sort()) {
    if (name !== "notes.txt") hash.update(`${name}\n`).update(readFileSync(join(directory, name)));
  }
  return hash.digest("hex");
}

interface Injection {
  readonly place: Place;
  readonly fault: Fault;
  /** A kind of system call. */
  readonly call: string;
  /** Counted from 1. */
  readonly n: number;
}

/** How a save in another process ended: `killed`, or what it said; and whether the fault came to pass. */
async function saveWithFault(
  model: string,
  target: string,
  injection: Injection,
): Promise<{ outcome: string; injected: boolean }> {
  const child = fork(join(import.meta.dirname, "children", "save-once.mjs"), [model, target], {
    // All file operations on one thread, so that their order is the same every time.
    env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
  });
  const [files] = await once(child, "message");
  const thread = injection.place === "files" ? String(files) : `${child.pid}`;
  const tracer = await attach(thread, injection);
  const said = once(child, "message").then(([outcome]) => String(outcome));
  const ended = once(child, "exit").then(() => "killed");
  child.send("save");
  const outcome = await Promise.race([said, ended]);
  await ended;
  await tracer.ended;
  return { outcome, injected: outcome === "killed" || tracer.log().includes("INJECTED") };
}

async function attach(thread: string, { place, fault, call, n }: Injection) {
  const log = join(temporaryFolder(), "strace");
  const what = fault === "SIGKILL" ? "signal=SIGKILL" : `error=${fault}`;
  const inject = `inject=?${call}:${what}:when=${n}`;
  const all = place === "each" ? ["-f"] : [];
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
