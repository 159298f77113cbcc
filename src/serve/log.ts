// Lines about requests. A reader that is stuck costs lines, and never a request.
import { write } from "node:fs";
import { messageOf } from "../base/errors.js";

/** Characters that wait for a slow reader; more are dropped and counted. */
const mostWaiting = 1_000_000;

/** What is told of a request that has been answered. */
export interface RequestEntry {
  readonly id: string;
  readonly trace: string | undefined;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly model?: string | undefined;
  readonly texts?: number | undefined;
  /** The texts themselves, where the operator asked for them. */
  readonly content?: readonly string[] | undefined;
}

/** Where the server writes what happens. */
export interface Log {
  /** Lines that were dropped so far. */
  readonly dropped: number;
  request(entry: RequestEntry): void;
  /** Something that the operator had better look at. */
  warn(message: string): void;
  /** Something that the operator has to know. `error` may hold paths and stacks. */
  event(message: string, error?: unknown): void;
}

export const silent: Log = { dropped: 0, request() {}, warn() {}, event() {} };

/** A log on a file descriptor, of text for people or of JSON. */
export class DescriptorLog implements Log {
  readonly #format: "text" | "json";
  readonly #fd: number;
  #waiting = "";
  #isWriting = false;
  #isBroken = false;
  dropped = 0;

  constructor(format: "text" | "json", fd: number) {
    this.#format = format;
    this.#fd = fd;
  }

  request(entry: RequestEntry): void {
    this.#line(entry.status >= 500 ? "error" : "info", "request", { ...entry });
  }

  warn(message: string): void {
    this.#line("warn", message, {});
  }

  event(message: string, error?: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : error && messageOf(error);
    this.#line(error === undefined ? "info" : "error", message, detail ? { error: detail } : {});
  }

  #line(level: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    const time = new Date().toISOString();
    const line =
      this.#format === "json"
        ? JSON.stringify({ time, level, message, ...fields })
        : `${time} ${level} ${message}${textOf(fields)}`;
    if (this.#isBroken || this.#waiting.length + line.length > mostWaiting) {
      this.dropped++;
      return;
    }
    this.#waiting += `${line}\n`;
    this.#advance();
  }

  /** Through a thread of Node's pool: `process.stderr` would hold the whole process up while a pipe is full. */
  #advance(): void {
    if (this.#isWriting || this.#waiting === "") return;
    this.#isWriting = true;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#write(bytes, () => {
      this.#isWriting = false;
      this.#advance();
    });
  }

  #write(bytes: Buffer, done: () => void): void {
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(() => this.#write(bytes, done), 50).unref();
      else if (error) {
        this.#isBroken = true; // its reader has gone
        done();
      } else if (written < bytes.length) this.#write(bytes.subarray(written), done);
      else done();
    });
  }
}

function textOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        ` ${name}=${typeof value === "string" && /^[\w./:*-]+$/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join("");
}
