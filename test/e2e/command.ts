// The command line as its users meet it: a child process of the built package.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const main = join(root, "dist", "bundle", "main.js");

/** Compiles dist when a source is newer; for `beforeAll`. */
export function buildCommand(): void {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const newest = Math.max(...sources.map((name) => statSync(join(root, "src", name)).mtimeMs));
  if (existsSync(main) && statSync(main).mtimeMs > newest) return;
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
}

export interface Ended {
  /** `null` when a signal ended the process. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `tagformer` that runs. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  /** @param environment variables besides those of this process */
  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...environment } });
    this.child.stderr!.setEncoding("utf8").on("data", (text) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      this.child.on("error", reject);
      this.child.on("close", (status, signal) => {
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Reads standard output, which stays in its pipe until then. */
  read(): this {
    this.child.stdout!.setEncoding("utf8").on("data", (text) => {
      this.stdout += text;
    });
    return this;
  }

  /** Resolves when stderr holds a text; rejects when the process ends before. */
  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      const more = new Promise((resolve) => this.child.stderr!.once("data", resolve));
      const ended = await Promise.race([more.then(() => null), this.ended]);
      if (ended && !this.stderr.includes(text)) throw new Error(`ended without "${text}": ${ended.stderr}`);
    }
  }
}

/** Runs `tagformer` to its end; `input` is its standard input. */
export function tagformer(args: readonly string[], input = ""): Promise<Ended> {
  const running = new Running(args).read();
  running.child.stdin!.on("error", () => {}); // a command that ends early does not read it
  running.child.stdin!.end(input);
  return running.ended;
}

/** `tagformer` as a shell types it. */
export const shellName = `"${process.execPath}" "${main}"`;

/** Writes a file and its folder; returns its path. */
export function write(file: string, content: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}
