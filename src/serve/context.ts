// What is known of a request from its arrival to its answer.
import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServeError } from "./errors.js";
import { continueTrace, type Trace } from "./trace.js";

/** A client that has closed its connection: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super("the client has closed the connection");
  }
}

/** One request. */
export interface RequestContext {
  /** The client's own id, or one that was made for it; it is in the answer and in the log. */
  readonly id: string;
  /** Its part of the client's trace, where it has one. */
  readonly trace: Trace | null;
  /** When it arrived and when it is to be answered, in milliseconds as `performance.now()` counts. */
  readonly arrived: number;
  readonly deadline: number;
  /** Given when nobody waits for the answer any more: at the deadline, or when the client has gone. */
  readonly signal: AbortSignal;
  /** What the model was asked, for log and headers. */
  asked: { readonly model: string; readonly texts: readonly string[]; readonly truncated: number } | null;
  /** Takes the deadline away: from a stream, which is answered line by line. */
  readonly goOn: () => void;
}

const contexts = new WeakMap<FastifyRequest, RequestContext>();

/** The context of a request that {@link openContext} has seen. */
export function contextOf(request: FastifyRequest): RequestContext {
  return findContext(request)!;
}

/** The same, of a request that may have failed before: a malformed one. */
export function findContext(request: FastifyRequest): RequestContext | undefined {
  return contexts.get(request);
}

/** Begins a request: its id, and the signal that ends its work. */
export function openContext(request: FastifyRequest, reply: FastifyReply, timeoutMs: number): RequestContext {
  const arrived = performance.now();
  const wanted = Number(request.headers["x-request-timeout-ms"] ?? timeoutMs);
  const timeout = wanted > 0 && wanted < timeoutMs ? wanted : timeoutMs;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    if (!request.raw.complete && request.raw.readableFlowing) cutOff(request, reply);
    controller.abort(new ServeError("timeout", `there was no answer within ${timeout} ms`));
  }, timeout);
  reply.raw.once("close", () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) controller.abort(new ClientGone());
  });
  const context: RequestContext = {
    id: idOf(request),
    trace: continueTrace(request.headers.traceparent),
    arrived,
    deadline: arrived + timeout,
    signal: controller.signal,
    asked: null,
    goOn: () => clearTimeout(timer),
  };
  contexts.set(request, context);
  return context;
}

/** Answers a client that is too slow to send its body, and closes the connection. */
function cutOff(request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(408, { connection: "close" }).end(() => request.raw.destroy());
}

function idOf(request: FastifyRequest): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}
