// A server of its own around the routes: it listens, and it stops without losing a request.
import fastify, { type FastifyInstance } from "fastify";
import { parseOptions } from "../base/parse-options.js";
import { type ServingOptions, servingOptions } from "../options/serving.js";
import { ServedModels } from "./models.js";
import { serveOn, splitOptions, type TagformerPluginOptions } from "./plugin.js";
import { Service } from "./service.js";

/** Options of {@link serveModels}: models, how they are loaded, limits, and where the server listens. */
export interface ServeOptions extends ServingOptions, Omit<TagformerPluginOptions, keyof ServingOptions> {}

/** A server that answers. */
export interface ModelServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The names of its models. */
  readonly models: readonly string[];
  /** Takes no new requests, answers those under way, and frees the models. */
  close(): Promise<void>;
}

/**
 * Serves models over HTTP, as `tagformer serve` does; resolves when all are loaded and have answered a first text.
 *
 * @throws TagformerError as `Classifier.load` does; `IO` when it cannot listen
 */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  const { models: list, loading, rest } = splitOptions({ ...options });
  const {
    host,
    port,
    maxConnections,
    log: _log,
    logTexts: _texts,
    drainMs: _drain,
    ...limits
  } = parseOptions(servingOptions, rest);
  const models = await ServedModels.load(list, loading);
  const service = new Service(models, limits);
  const app: FastifyInstance = fastify();
  app.addHook("onClose", () => models.close());
  await app.register(async (inner) => serveOn(inner, service));
  app.server.maxConnections = maxConnections;
  const url = await app.listen({ host, port });
  return { url, models: Array.from(models, ({ name }) => name), close: () => app.close() };
}
