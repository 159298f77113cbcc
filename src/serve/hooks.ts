// What every request passes on its way in and out, whatever its route.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { overloaded } from "./admission.js";
import { ClientGone, findContext, openContext } from "./context.js";
import { errorBody, ServeError, serveErrorOf } from "./errors.js";
import { routeConfigOf } from "./operation.js";
import type { Service } from "./service.js";
import { traceparentOf } from "./trace.js";

/** Adds the hooks of a service, and the answers to what fails. */
export function addHooks(app: FastifyInstance, service: Service, logTexts: boolean): void {
  app.addHook("onRequest", async (request, reply) => {
    const { id, trace } = openContext(request, reply, service.limits.timeoutMs);
    reply.header("x-request-id", id);
    if (trace) reply.header("traceparent", traceparentOf(trace));
    if (service.isDraining) reply.header("connection", "close");
    countOpen(service, request, reply);
    requireKey(service, request);
    if (service.inflightBytes > service.limits.maxInflightBytes) throw overloaded(1000);
  });
  app.addHook("onSend", async (request, reply) => {
    const asked = findContext(request)?.asked;
    if (asked) reply.header("x-truncated-texts", String(asked.truncated));
    if (service.isDraining) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => tellOf(service, request, reply, logTexts));
  const answer = (error: Error, request: FastifyRequest, reply: FastifyReply) =>
    answerError(service, error, request, reply);
  app.setErrorHandler<Error>(answer);
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.replace(/\?.*/, "");
    return answer(new ServeError("not_found", `there is no ${request.method} ${path}`), request, reply);
  });
}

/** Counts a request, and the bytes of its body, until it is answered. */
function countOpen(service: Service, { headers }: FastifyRequest, reply: FastifyReply): void {
  const isChunked = headers["transfer-encoding"] !== undefined;
  const bytes = isChunked ? service.limits.maxBodyBytes : Number(headers["content-length"] ?? 0);
  service.openRequests++;
  service.lastArrival = performance.now();
  service.inflightBytes += bytes;
  reply.raw.once("close", () => {
    service.openRequests--;
    service.inflightBytes -= bytes;
  });
}

/** @throws ServeError `unauthorized`, or `forbidden` where there are no keys at all */
function requireKey({ keys }: Service, request: FastifyRequest): void {
  const { open, admin } = routeConfigOf(request);
  if (admin && !keys) {
    throw new ServeError(
      "forbidden",
      "this route is closed: the server was started without keys (apiKeyFile)",
    );
  }
  if (open || !keys || keys.accept(request.headers.authorization)) return;
  throw new ServeError("unauthorized", "send a key: authorization: Bearer KEY", {
    headers: { "www-authenticate": "Bearer" },
  });
}

function answerError(
  service: Service,
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ClientGone) {
    service.metrics.cancelled();
    return reply.hijack();
  }
  const { protocol } = routeConfigOf(request);
  const refused = serveErrorOf(error);
  service.metrics.rejected(refused.kind);
  if (refused.kind === "backend")
    service.log.event(`request ${findContext(request)?.id} failed`, refused.cause ?? refused);
  return reply.code(refused.statusIn(protocol)).headers(refused.headers).send(errorBody(refused, protocol));
}

function tellOf(service: Service, request: FastifyRequest, reply: FastifyReply, logTexts: boolean): void {
  const context = findContext(request);
  const route = request.routeOptions.url ?? "none";
  const milliseconds = Math.round(reply.elapsedTime * 10) / 10;
  service.metrics.answered(route, reply.statusCode, milliseconds);
  if (!context) return; // a hook of the user's own server refused it before ours
  const { id, trace, asked } = context;
  service.log.request({
    id,
    trace: trace?.traceId,
    method: request.method,
    route,
    status: reply.statusCode,
    milliseconds,
    model: asked?.model,
    texts: asked?.texts.length,
    content: logTexts ? asked?.texts : undefined,
  });
}
