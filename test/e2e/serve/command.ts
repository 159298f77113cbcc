// A server as a process of its own, as its operators start it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { main } from "../command.js";

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ended: Promise<[status: number | null, signal: NodeJS.Signals | null]>;
  /** What it has written to standard error. */
  readonly log: () => string;
}

/** Starts a server until the test has ended; with `stuck` nobody reads its log. */
export async function serve(
  args: readonly string[],
  {
    env = {},
    stuck = false,
    shell = "",
  }: { env?: Record<string, string>; stuck?: boolean; shell?: string } = {},
): Promise<Served> {
  const command = [process.execPath, main, "serve", ...args, "--threads", "1", "--port", "0"];
  const [file, ...rest] = shell ? ["bash", "-c", `${shell} && exec "$@"`, "bash", ...command] : command;
  const child = spawn(file!, rest, { env: { ...process.env, ...env } });
  started.push(child);
  const ended = once(child, "exit") as Served["ended"];
  let log = "";
  if (!stuck)
    child.stderr!.setEncoding("utf8").on("data", (text) => {
      log += text;
    });
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, url] = /^listening on (http:.*)$/.exec(line) ?? [];
    if (url) return { child, url, ended, log: () => log };
  }
  throw new Error(`it did not listen: ${log}`);
}

/** The value of one of a server's metrics. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((row) => row.startsWith(`${name} `) || row.startsWith(`${name}{`));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.split(" ").at(-1));
}
