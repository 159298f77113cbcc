// The routes inside of a fastify server, be it ours or a user's: their hooks, their parsers of bodies, their errors.
import type {
  FastifyError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
} from "fastify";
import { parseOptions } from "../base/parse-options.js";
import { type ClassifierOptions, classifierOptions } from "../options/model.js";
import { type PluginOptions, pluginOptions } from "../options/serving.js";
import { ClientGone, contextOf, openContext } from "./context.js";
import { errorBody, serveErrorOf } from "./errors.js";
import { parseBody } from "./json.js";
import { type ModelList, ServedModels } from "./models.js";
import { register, routeConfigOf } from "./operation.js";
import { registerPlayground } from "./playground.js";
import { allOperations } from "./routes/all.js";
import { Service } from "./service.js";

/** Options of {@link tagformerPlugin}: models, how they are loaded, and limits. */
export interface TagformerPluginOptions extends PluginOptions, ClassifierOptions {
  /** The models to serve. */
  readonly models: ModelList;
}

/**
 * All routes of `tagformer serve` inside of your own fastify server, with the prefix, the authentication and the log that
 * it has. The models are loaded before the server listens, and freed when it closes.
 *
 * @example
 * ```ts
 * const app = fastify();
 * await app.register(tagformerPlugin, { models: "./tickets-model", prefix: "/classifier" });
 * await app.listen({ port: 8080 });
 * ```
 */
export const tagformerPlugin: FastifyPluginAsync<TagformerPluginOptions> = async (app, given) => {
  const { prefix: _, ...options } = given as TagformerPluginOptions & { prefix?: string };
  const { models, loading, rest } = splitOptions(options);
  const limits = parseOptions(pluginOptions, rest);
  const service = new Service(await ServedModels.load(models, loading), limits);
  app.addHook("onClose", () => service.models.close());
  serveOn(app, service);
};

/** Tells the options of loading models, which their loader checks, from those of serving them. */
export function splitOptions({ models, ...options }: TagformerPluginOptions & Record<string, unknown>): {
  readonly models: ModelList;
  readonly loading: ClassifierOptions;
  readonly rest: Record<string, unknown>;
} {
  const [loading, rest] = [true, false].map((wanted) =>
    Object.fromEntries(
      Object.entries(options).filter(([name]) => name in classifierOptions.shape === wanted),
    ),
  );
  return { models, loading: loading!, rest: rest! };
}

/** Registers everything that requests to a service pass. */
export function serveOn(app: FastifyInstance, service: Service): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_: unknown, body: Buffer) =>
    parseBody(body),
  );
  app.addHook("onRequest", async (request, reply) => {
    openContext(request, reply, service.limits.timeoutMs);
    reply.header("x-request-id", contextOf(request).id);
  });
  app.addHook("onSend", async (request, reply) => {
    const asked = contextOf(request)?.asked;
    if (asked) reply.header("x-truncated-texts", String(asked.truncated));
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => {
    const error = Object.assign(
      new Error(`there is no ${request.method} ${request.url.replace(/\?.*/, "")}`),
      {
        statusCode: 404,
      },
    );
    return answerError(error, request, reply);
  });
  register(app, allOperations(service), service.limits.maxBodyBytes);
  registerPlayground(app, () => ""); // text-embeddings-inference's health
}

function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (error instanceof ClientGone) return reply.hijack();
  const { protocol } = routeConfigOf(request);
  const refused = serveErrorOf(error);
  return reply.code(refused.statusIn(protocol)).headers(refused.headers).send(errorBody(refused, protocol));
}
