/**
 * Serve models over HTTP: {@link serveModels} starts a server, {@link tagformerPlugin} adds its routes to your own fastify
 * server.
 *
 * @packageDocumentation
 */

export type { ModelList } from "./serve/models.js";
export { type TagformerPluginOptions, tagformerPlugin } from "./serve/plugin.js";
export { ModelServer, type ServeOptions, serveModels } from "./serve/server.js";
