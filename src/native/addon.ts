// Finds and opens the native add-on, without holding up the event loop.
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type ErrorCode, messageOf, TagformerError } from "../base/errors.js";
import { nearestName } from "../base/suggestion.js";
import { requireBuiltAddon } from "../install/built-addon.js";
import type { Addon } from "./types.js";

let addon: Promise<Addon> | undefined;

/** Loads the add-on once; throws `NATIVE_NOT_BUILT` or `NATIVE_LOAD_FAILED` with the command to type. */
export async function loadAddon(after?: Promise<void>): Promise<Addon> {
  addon ??= openAddon(after);
  try {
    return await addon;
  } catch (error) {
    addon = undefined; // it may be built by the next time
    throw error;
  }
}

/**
 * Begins to open the add-on, which takes a fifth of a second of another thread's time, before it is needed. A
 * failure is thrown when it is.
 *
 * @param after settles when others no longer need the system's linker, which libtorch occupies
 */
export function prepareNative(after: Promise<void>): void {
  loadAddon(after).catch(() => {});
}

async function openAddon(after?: Promise<void>): Promise<Addon> {
  const opener = new Opener(); // starts while the sources are read
  try {
    const file = await requireBuiltAddon();
    await after;
    return await openBuilt(file, opener);
  } finally {
    opener.end(); // a thread that waits for a file would keep the process alive
  }
}

async function openBuilt(file: string, opener: Opener): Promise<Addon> {
  const restore = shortenSpinning();
  let opened: Addon;
  try {
    await opener.open(file);
    opened = createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    throw new TagformerError(
      "NATIVE_LOAD_FAILED",
      `the native add-on ${file} cannot be loaded (${messageOf(error).split("\n")[0]}); run \`npx tagformer doctor\` to see why, or \`npx tagformer setup\` to build it again`,
      { cause: error },
    );
  } finally {
    restore();
  }
  // process.exit() and uncaught exceptions run no native clean-up hooks, only this.
  process.once("exit", opened.stopAll);
  return opened;
}

/**
 * Has the threads of libgomp, which libtorch computes with, spin for microseconds instead of milliseconds before they
 * sleep. On a quiet machine that costs nothing; on a busy one they would keep a core from the thread that they wait for.
 * libgomp reads this when it is loaded, and only the main thread's variables are the process's.
 *
 * @returns puts the variables back, so that child processes do not inherit it
 */
function shortenSpinning(): () => void {
  const { GOMP_SPINCOUNT, OMP_WAIT_POLICY } = process.env;
  if (GOMP_SPINCOUNT !== undefined || OMP_WAIT_POLICY !== undefined) return () => {};
  process.env.GOMP_SPINCOUNT = "1000";
  return () => {
    delete process.env.GOMP_SPINCOUNT;
  };
}

/**
 * A short-lived thread that opens the add-on. The system takes a fifth of a second to link libtorch, for which the event
 * loop would stand still; after that the process has it, and it opens on the main thread at once. A failure on this thread
 * shows, with its reason, when it is opened there.
 */
class Opener {
  readonly #worker = new Worker('require("node:worker_threads").parentPort.once("message", require)', {
    eval: true,
    execArgv: [],
  }).on("error", () => {});

  readonly #ended = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));

  async open(file: string): Promise<void> {
    this.#worker.postMessage(file);
    await this.#ended;
  }

  end(): void {
    void this.#worker.terminate();
  }
}

/** An error as the add-on makes it; see native/addon/promises.cc. */
interface NativeError {
  readonly code?: ErrorCode;
  readonly detail?: string;
  /** Names that are not known, where the error is about such, and those that are. */
  readonly unknownNames?: readonly string[];
  readonly knownNames?: readonly string[];
}

function toTagformerError(error: unknown): TagformerError {
  const { code, detail, unknownNames = [], knownNames = [] } = error as NativeError;
  const message = messageOf(error) + suggestion(unknownNames, knownNames);
  return new TagformerError(code ?? "INTERNAL", message, { cause: detail ?? error });
}

/** What the unknown names were meant to be, and all that are known; empty where no name is unknown. */
function suggestion(unknown: readonly string[], known: readonly string[]): string {
  if (unknown.length === 0) return "";
  const meant = unknown.flatMap((name) => nearestName(name, known) ?? []).map((name) => `"${name}"`);
  const start = meant.length === 0 ? "; supported are" : `; did you mean ${meant.join(", ")}? Supported are`;
  return `${start} ${known.join(", ")}`;
}

/**
 * A rejection from a native thread has no stack. The error that is made here has one that names the caller that awaits,
 * without one being taken for every call that succeeds.
 */
export async function settle<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toTagformerError(error);
  }
}
