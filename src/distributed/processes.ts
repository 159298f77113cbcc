// `--processes`: this very command line in several processes of this machine.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Which of the processes of `--processes` this is: `1/4`. */
const partVariable = "TAGFORMER_PROCESS";

/** A process among those that its parent started. */
export interface Part {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** The part of this process, which `--processes` started; `null` where it did not. */
export function partOfParent(environment: NodeJS.ProcessEnv = process.env): Part | null {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(environment[partVariable] ?? "") ?? [];
  return index === undefined ? null : { index: Number(index), count: Number(count) };
}

/** Ends this process as a request to end does when its parent is gone, whatever ended that. */
export function endWithParent(): void {
  if (partOfParent() === null || process.channel === undefined) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  // It waits for nothing.
  process.channel?.unref();
}

interface Starting {
  readonly count: number;
  /** Variables of a process besides those that all have. */
  readonly environment?: (index: number) => Readonly<Record<string, string>>;
  /** Whether the others are of use once one has failed. */
  readonly independent: boolean;
  /** Shows a line of a process to the person who watches. */
  readonly say: (line: string) => void;
}

/** How a process ended. */
export interface Ending extends Part {
  /** Its exit status; 128 and the signal's number where a signal ended it, as shells say it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
}

/** The endings in their order, and the signal that this process was sent and passed on. */
export interface Outcome {
  readonly endings: readonly Ending[];
  readonly interruption: NodeJS.Signals | null;
}

/** Milliseconds that processes which lost another have to end by themselves, and then after a request. */
const graceMs = 10_000;
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
};

/** Starts them all, and waits until all have ended. Of what they say only the first has the terminal; lines of the others are named. */
export async function runProcesses(starting: Starting): Promise<Outcome> {
  const { count, independent } = starting;
  const children = Array.from({ length: count }, (_, index) => start(starting, index));
  const all = (signal: NodeJS.Signals) => {
    for (const child of children) child.kill(signal);
  };
  const timers: NodeJS.Timeout[] = [];
  const endings: Ending[] = [];
  let interruption: NodeJS.Signals | null = null;
  const interrupt = (signal: NodeJS.Signals) => {
    interruption = signal;
    all(signal);
  };
  const kill = () => all("SIGKILL");
  for (const signal of passedOn) process.on(signal, interrupt);
  process.once("exit", kill);
  await Promise.all(
    children.map(async (child, index) => {
      const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      const status = code ?? 128 + (signalNumbers[signal!] ?? 0);
      endings.push({ index, count, status, signal });
      if (status === 0 || independent || timers.length > 0) return;
      timers.push(setTimeout(all, graceMs, "SIGTERM"), setTimeout(all, 2 * graceMs, "SIGKILL"));
    }),
  );
  for (const timer of timers) clearTimeout(timer);
  for (const signal of passedOn) process.off(signal, interrupt);
  process.off("exit", kill);
  return { endings, interruption };
}

function start({ count, environment, independent, say }: Starting, index: number): ChildProcess {
  const isShown = index === 0 && !independent;
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    // A terminal's Ctrl-C reaches this process alone, which passes it on.
    detached: true,
    stdio: ["ignore", isShown || independent ? "inherit" : "ignore", isShown ? "inherit" : "pipe", "ipc"],
    env: { ...process.env, ...environment?.(index), [partVariable]: `${index}/${count}` },
  });
  child.on("error", (error) => say(`[${index}/${count}] cannot be started: ${error.message}`));
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => say(`[${index}/${count}] ${line}`));
  }
  return child;
}
