// One route of a protocol: what it takes, what it answers, and in which shape it refuses.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { checkValue } from "../base/parse-options.js";
import { contextOf, type RequestContext } from "./context.js";
import { type Protocol, ServeError } from "./errors.js";

/** A request with its body. */
export interface Call<Body> {
  readonly body: Body;
  readonly context: RequestContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A route. */
export interface Operation {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly protocol: Protocol;
  /** For the OpenAPI document. */
  readonly summary: string;
  readonly body?: z.ZodType;
  /** Whether it is answered without a key: probes and the like. */
  readonly open?: boolean;
  /** Whether it is never answered without a key, nor on a server without keys. */
  readonly admin?: boolean;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

type Description = Omit<Operation, "handle" | "body" | "method">;

/** A route without a body. */
export function get(description: Description, answer: (call: Call<undefined>) => unknown): Operation {
  return {
    ...description,
    method: "GET",
    handle: (request, reply) => answer({ body: undefined, context: contextOf(request), request, reply }),
  };
}

/** A route with a JSON body of a schema. */
export function post<Schema extends z.ZodType>(
  description: Description & { readonly body: Schema },
  answer: (call: Call<z.output<Schema>>) => unknown,
): Operation {
  return {
    ...description,
    method: "POST",
    handle: (request, reply) =>
      answer({
        body: checkBody(description.body, request.body),
        context: contextOf(request),
        request,
        reply,
      }),
  };
}

/** @throws ServeError `invalid` */
export function checkBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = checkValue(schema, body);
  if ("value" in result) return result.value;
  const { field, problem } = result;
  const where = field === null ? "the body" : `\`${field}\``;
  throw new ServeError("invalid", `${where}: ${problem}`, { param: field });
}

/** Registers routes. */
export function register(app: FastifyInstance, operations: readonly Operation[], bodyLimit: number): void {
  for (const { method, path, protocol, open = false, admin = false, handle } of operations) {
    app.route({
      method,
      url: path,
      bodyLimit,
      config: { tagformer: { protocol, open, admin } },
      handler: async (request, reply) => handle(request, reply),
    });
  }
}

/** What the hooks and the error handler know of a route. */
export interface RouteConfig {
  readonly protocol: Protocol;
  readonly open: boolean;
  readonly admin?: boolean;
}

/** Of a request for a path that is no route: our own protocol, and closed. */
export function routeConfigOf(request: FastifyRequest): RouteConfig {
  const { tagformer } = request.routeOptions.config as { tagformer?: RouteConfig };
  return tagformer ?? { protocol: "own", open: false, admin: false };
}
