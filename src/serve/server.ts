// A server of its own around the routes: it listens, and it stops without losing a request.
import { setTimeout as sleep } from "node:timers/promises";
import fastify, { type FastifyInstance } from "fastify";
import { messageOf, TagformerError } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import { type ResolvedServingOptions, type ServingOptions, servingOptions } from "../options/serving.js";
import { DescriptorLog, silent } from "./log.js";
import { ServedModels } from "./models.js";
import { serveOn, splitOptions, type TagformerPluginOptions } from "./plugin.js";
import { Service } from "./service.js";

/** Options of {@link serveModels}: models, how they are loaded, limits, and where the server listens. */
export interface ServeOptions extends ServingOptions, Omit<TagformerPluginOptions, keyof ServingOptions> {}

/** Standard error. */
const logDescriptor = 2;
/** A server that stops takes requests until none has come for as long: those who send them learn late that it stops. */
const quietMs = 1000;
/** Milliseconds within which the headers of a request have to be there, and the first of a new connection. */
const mostHeadersMs = 10_000;

/**
 * Serves models over HTTP, as `tagformer serve` does; resolves when all are loaded and have answered a first text.
 *
 * @throws TagformerError as `Classifier.load` does; `IO` when it cannot listen
 *
 * @example
 * ```ts
 * const server = await serveModels({ models: { tickets: "./tickets-model" }, port: 8080 });
 * process.once("SIGTERM", () => server.drain());
 * ```
 */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  const { models: list, loading, rest } = splitOptions({ ...options });
  const resolved = parseOptions(servingOptions, rest);
  const log = resolved.log === "off" ? silent : new DescriptorLog(resolved.log, logDescriptor);
  const service = new Service(await ServedModels.load(list, loading), resolved, log);
  try {
    return new ModelServer(service, await listen(service, resolved), resolved.drainMs);
  } catch (error) {
    await service.close(false);
    throw error;
  }
}

async function listen(
  service: Service,
  { host, port, maxConnections, idleMs, timeoutMs, logTexts }: ResolvedServingOptions,
): Promise<FastifyInstance> {
  const headersTimeout = Math.min(mostHeadersMs, timeoutMs);
  const app: FastifyInstance = fastify({
    keepAliveTimeout: idleMs,
    http: { headersTimeout, connectionsCheckingInterval: 1000, requestTimeout: 0 },
  });
  await app.register(async (inner) => serveOn(inner, service, logTexts));
  app.server.maxConnections = maxConnections;
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw new TagformerError("IO", `cannot listen on ${host}, port ${port}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return app;
}

/** A server that answers. */
export class ModelServer implements AsyncDisposable {
  readonly #service: Service;
  readonly #app: FastifyInstance;
  readonly #drainMs: number;
  #closing: Promise<boolean> | undefined;
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;

  /** @internal */
  constructor(service: Service, app: FastifyInstance, drainMs: number) {
    this.#service = service;
    this.#app = app;
    this.#drainMs = drainMs;
    this.url = app.listeningOrigin;
  }

  /** The names of its models. */
  get models(): readonly string[] {
    return Array.from(this.#service.models, ({ name }) => name);
  }

  /**
   * Loads models anew from where they came; each new one serves once it has answered a first text.
   *
   * @param name of a model; all by default
   * @throws what loading throws: then the former model still serves
   */
  async reload(name?: string): Promise<void> {
    await this.#service.reload(name);
  }

  /**
   * Stops as a deployment wants it: says at once that it is not ready, goes on answering until no request comes any more, and
   * then closes.
   *
   * @returns whether every request was answered within `drainMs`
   */
  async drain(): Promise<boolean> {
    const { log, openRequests } = this.#service;
    this.#service.isDraining = true;
    log.event(`draining: ${openRequests} requests are under way`);
    const latest = performance.now() + this.#drainMs / 2;
    while (performance.now() < latest && !this.#isQuiet()) await sleep(20);
    return await this.close();
  }

  #isQuiet(): boolean {
    const { openRequests, lastArrival } = this.#service;
    return openRequests === 0 && performance.now() - lastArrival > Math.min(quietMs, this.#drainMs / 4);
  }

  /**
   * Takes no new connections, answers the requests under way for up to `drainMs`, and frees the models.
   *
   * @returns whether every request was answered
   */
  close(): Promise<boolean> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<boolean> {
    this.#service.isDraining = true;
    const answered = new AbortController();
    const closed = this.#app.close().then(() => true);
    const late = sleep(this.#drainMs, false, { signal: answered.signal }).catch(() => true);
    const inTime = await Promise.race([closed, late]);
    answered.abort();
    await this.#service.close(inTime);
    this.#app.server.closeAllConnections();
    await closed;
    return inTime;
  }

  /** {@link ModelServer.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
