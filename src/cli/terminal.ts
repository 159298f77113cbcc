// Where commands write: results to stdout, everything else to stderr.
import { messageOf, TagformerError } from "../base/errors.js";

let isQuiet = false;

/** Of several processes that do the same one tells it: the others say nothing but why they fail. */
export function keepQuiet(): void {
  isQuiet = true;
}

/** A line for the person who watches; never part of a result. */
export function note(text: string): void {
  if (!isQuiet) say(text);
}

/** The same, even of a process that keeps quiet. */
export function say(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** A result. */
export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Text in which no name, path or cell of a table moves the cursor or sets colours. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** The result of a command that was given `--json`: one document. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Ends the command when its result has no reader: quietly where that has seen enough, as `head` has. */
export function standardOutputFailed(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(0);
  note(`tagformer: cannot write to standard output: ${messageOf(error)}`);
  process.exit(1);
}

/** 1:05:09, 12:34 or 8 s. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)} h`;
}

/** Exit status of an error: 2 for wrong use, 1 for everything else. */
export function exitStatus(error: unknown): number {
  return error instanceof TagformerError && error.code === "INVALID_OPTION" ? 2 : 1;
}

/** Exit status after Ctrl-C, as shells use it. */
export const interruptedStatus = 130;

/** What interrupts work, with the exit status then: a window that was closed, Ctrl-C, and a request to end. */
const interruptions = { SIGHUP: 129, SIGINT: interruptedStatus, SIGTERM: 143 } as const;

/** npm passes the terminal's Ctrl-C on to a command that has it already, so one press may come twice within this time. */
const onePress = 500;

/**
 * Lets Ctrl-C (or SIGTERM, or SIGHUP) abort work that then ends by itself; pressed again, it ends the process at once.
 *
 * @param said what happens then, in words
 * @returns the exit status that says which of them it was
 */
export function abortOnInterrupt(
  controller: AbortController,
  said: () => string,
): { readonly status: number } {
  let first = 0;
  const result = { status: interruptedStatus as number };
  for (const [name, status] of Object.entries(interruptions)) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        result.status = status;
        controller.abort();
        note(`\n${said()}; press Ctrl-C again to stop at once`);
      } else if (performance.now() - first > onePress) {
        process.exit(status);
      }
    });
  }
  return result;
}
