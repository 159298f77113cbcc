// The W3C's trace context (https://www.w3.org/TR/trace-context/): a request's place in a trace of several services.
import { randomBytes } from "node:crypto";

/** A place in a trace. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 of them, of this server's own part. */
  readonly spanId: string;
  /** Whether somebody records the trace, as two digits. */
  readonly flags: string;
}

const format = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The part of a trace that begins here; `null` when the client sent none, or not a valid one. */
export function continueTrace(traceparent: string | string[] | undefined): Trace | null {
  const [, version, traceId, parent, flags, more] = format.exec(String(traceparent)) ?? [];
  const isValid =
    version !== "ff" && !(version === "00" && more !== undefined) && !/^0+$/.test(traceId ?? "0");
  if (!traceId || !flags || !isValid || /^0+$/.test(parent!)) return null;
  return { traceId, spanId: randomBytes(8).toString("hex"), flags };
}

/** A trace as a header says it. */
export function traceparentOf({ traceId, spanId, flags }: Trace): string {
  return `00-${traceId}-${spanId}-${flags}`;
}
