// Bulk: JSON Lines in, JSON Lines out, in constant memory. No more is read than is written.
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { answersInOrder } from "../../predict/in-order.js";
import { contextOf, type RequestContext } from "../context.js";
import { errorBody, ServeError, serveErrorOf } from "../errors.js";
import { parseBody } from "../json.js";
import { checkBody } from "../operation.js";
import { predictionsOf } from "../scored.js";
import type { Service } from "../service.js";

/** Lines of a stream that are read ahead of their answers: enough for a few batches, and a small share of the queue. */
const linesAtOnce = 32;

/** The media type of JSON Lines. */
export const jsonLines = "application/x-ndjson";

const lineBody = z.union([
  z.string(),
  z.strictObject({ text: z.string(), id: z.union([z.string(), z.number()]).optional() }),
]);

const flag = z.enum(["true", "false"]).transform((value) => value === "true");

const query = z.strictObject({
  model: z.string().optional(),
  truncate: flag.optional(),
  windows: flag.optional(),
});

/** Whether a request is a stream. */
export function isStream(request: FastifyRequest): boolean {
  return /^\s*application\/x-ndjson\s*(;|$)/i.test(request.headers["content-type"] ?? "");
}

/**
 * Answers each line of a request by a line, in order: `"text"` or `{"text": ..., "id": ...}` by a prediction, what is wrong by
 * an error with the number of its line. A stream has no deadline but for each read and write.
 */
export function answerStream(service: Service, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const how = checkBody(query, request.query);
  service.models.get(how.model);
  const context = contextOf(request);
  context.goOn();
  // Nothing tells a client that is slow from one that is gone, but time.
  request.raw.socket.setTimeout(service.limits.timeoutMs, () => request.raw.socket.destroy());
  reply.header("connection", "close").type(jsonLines);
  const lines = linesOf(request.raw, service.limits.maxBodyBytes);
  const answer = (line: Buffer, index: number) =>
    answerLine(service, { ...context, deadline: Number.POSITIVE_INFINITY }, line, index, how);
  return reply.send(Readable.from(untilFailure(answersInOrder(lines, answer, linesAtOnce))));
}

/** Lines without their ends; blank ones are none. */
async function* linesOf(source: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      if (end - start > longest) throw lineTooLong(longest);
      if (!isBlank(rest.subarray(start, end))) yield rest.subarray(start, end);
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > longest) throw lineTooLong(longest);
  }
  if (!isBlank(rest)) yield rest;
}

function lineTooLong(longest: number): ServeError {
  return new ServeError("too_large", `a line has more than ${longest} bytes`);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

/** @returns a line for the client, whatever happens to this text */
async function answerLine(
  service: Service,
  context: RequestContext,
  line: Buffer,
  index: number,
  how: z.output<typeof query>,
): Promise<string> {
  try {
    const body = checkBody(lineBody, parseBody(line));
    const { text, id } = typeof body === "string" ? { text: body, id: undefined } : body;
    const scored = await scoreWhenAdmitted(service, context, { ...how, texts: [text], field: "text" });
    return `${JSON.stringify({ ...(id !== undefined && { id }), ...predictionsOf(scored)[0] })}\n`;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return errorLine(error, index);
  }
}

/** A stream waits where a request is refused: that is what holds its sender back. */
async function scoreWhenAdmitted(
  service: Service,
  context: RequestContext,
  question: Parameters<Service["score"]>[1],
): ReturnType<Service["score"]> {
  for (;;) {
    try {
      return await service.score(context, question);
    } catch (error) {
      if (!(error instanceof ServeError && error.kind === "overloaded")) throw error;
      await sleep(Number(error.headers["retry-after-ms"]), undefined, { signal: context.signal });
    }
  }
}

/** A stream whose reading fails ends with a line that says why: its status has long been sent. */
async function* untilFailure(lines: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
  try {
    yield* lines;
  } catch (error) {
    yield errorLine(error, null);
  }
}

function errorLine(error: unknown, index: number | null): string {
  const body = errorBody(serveErrorOf(error), "own") as object;
  return `${JSON.stringify({ ...(index !== null && { line: index + 1 }), ...body })}\n`;
}
