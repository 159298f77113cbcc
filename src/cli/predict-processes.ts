// `tagformer predict --processes`: the command itself, started once for each part.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { TagformerError } from "../base/errors.js";
import { grantedCores } from "../native/cores.js";
import { findDevice } from "../native/device.js";
import { shardFile } from "./shards.js";
import { note } from "./terminal.js";

/** What of the command's flags is dealt among the processes. */
interface DealtFlags {
  readonly processes: number;
  readonly out?: string;
  readonly threads?: number;
  readonly device?: string;
}

/**
 * Runs this very command line once for each part, all at the same time. On GPUs each process has one of its own; on the
 * processor each has an equal part of the cores.
 *
 * @throws TagformerError `IO` that names the parts that failed; those of the others are written
 */
export async function predictInProcesses(flags: DealtFlags): Promise<void> {
  const { processes, out } = flags;
  const own = await ownFlags(flags);
  const children = Array.from({ length: processes }, (_, index) =>
    spawn(
      process.execPath,
      [...process.execArgv, ...commandLine(), "--shard", `${index}/${processes}`, ...own(index)],
      {
        stdio: ["ignore", "inherit", "pipe"],
      },
    ),
  );
  const stop = () => {
    for (const child of children) child.kill();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop).once("exit", stop);
  const ends = await Promise.all(children.map((child, index) => ended(child, `[${index}/${processes}]`)));
  process.off("SIGTERM", stop).off("SIGINT", stop).off("exit", stop);
  const failed = ends.flatMap((status, index) =>
    status === 0 ? [] : [shardFile(out!, { index, count: processes })],
  );
  if (failed.length === 0) return;
  throw new TagformerError(
    "IO",
    `${failed.length} of ${processes} parts failed, as said above: ${failed.join(", ")} not written; the same command with --skip-existing computes only those`,
  );
}

/** The arguments of this process without `--processes`. */
function commandLine(): string[] {
  const [, script, ...args] = process.argv;
  const kept = args.filter((arg, i) => !arg.startsWith("--processes") && args[i - 1] !== "--processes");
  return [script!, ...kept];
}

/** What a process of several is told about threads and device; nothing that was given. */
export async function ownFlags({
  processes,
  threads,
  device,
}: DealtFlags): Promise<(index: number) => string[]> {
  const found =
    device === undefined || device === "auto" || device === "cuda"
      ? await findDevice(device ?? "auto")
      : device;
  if (found === "cpu") {
    const share = Math.max(1, Math.floor(grantedCores() / processes));
    return () => (threads === undefined ? ["--threads", String(share)] : []);
  }
  const last = await lastGpu();
  return (index) => (device?.includes(":") ? [] : ["--device", `cuda:${index % (last + 1)}`]);
}

/** Number of the last GPU. */
async function lastGpu(): Promise<number> {
  for (let gpu = 1; ; gpu++) {
    const found = await findDevice(`cuda:${gpu}`).catch(() => undefined);
    if (found === undefined) return gpu - 1;
  }
}

/** The exit status of a process, whose lines are shown behind its name. */
async function ended(child: ChildProcess, name: string): Promise<number | null> {
  for await (const line of createInterface({ input: child.stderr! })) note(`${name} ${line}`);
  return await new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once("close", resolve);
  });
}
