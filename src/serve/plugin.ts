// The routes inside of a fastify server, be it ours or a user's: their hooks, their parsers of bodies, their errors.
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { parseOptions } from "../base/parse-options.js";
import { type ClassifierOptions, classifierOptions } from "../options/model.js";
import { type PluginOptions, pluginOptions } from "../options/serving.js";
import { addHooks } from "./hooks.js";
import { parseBody } from "./json.js";
import { type Log, silent } from "./log.js";
import { type ModelList, ServedModels } from "./models.js";
import { register } from "./operation.js";
import { registerPlayground } from "./playground.js";
import { allOperations } from "./routes/all.js";
import { answerProbe } from "./routes/operations.js";
import { jsonLines } from "./routes/stream.js";
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
  const log: Log = {
    ...silent,
    warn: (message) => app.log.warn(message),
    event: (message, error) => app.log.warn({ err: error }, message),
  };
  const service = new Service(await ServedModels.load(models, loading), limits, log);
  // A connection that is kept alive behind its last answer would keep the server from closing.
  app.addHook("preClose", async () => {
    service.isDraining = true;
  });
  app.addHook("onClose", () => service.close(true));
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
export function serveOn(app: FastifyInstance, service: Service, logTexts = false): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_: unknown, body: Buffer) =>
    parseBody(body),
  );
  app.addContentTypeParser(jsonLines, (_, lines, done) => done(null, lines));
  addHooks(app, service, logTexts);
  register(app, allOperations(service, app.prefix), service.limits.maxBodyBytes);
  registerPlayground(app, () => answerProbe(service.watchdog.isLive, ""));
}
