// Options of a server.
import { z } from "zod";
import { count } from "./numbers.js";

/** Limits that every request is held to, wherever the routes are registered. */
export const pluginOptions = z.strictObject({
  apiKeyFile: z
    .string()
    .min(1, "expected a file")
    .optional()
    .describe(
      "file with the keys that clients send as a bearer token, one a line; it is read again when it changes (default: no key is asked for, and /admin is closed)",
    ),
  maxQueueTokens: count(1)
    .default(65_536)
    .describe("tokens that may wait for one model; requests beyond them are refused with 429"),
  timeoutMs: count(1)
    .max(86_400_000)
    .default(30_000)
    .describe("milliseconds within which a request is answered, or refused with 504"),
  maxClientBatch: count(1).default(32).describe("texts of one request"),
  maxBodyBytes: count(1).max(1_000_000_000).default(2_000_000).describe("bytes of one request's body"),
  maxTextCharacters: count(1)
    .default(500_000)
    .describe("characters (UTF-16 code units) of one text; longer ones are refused"),
  maxInflightBytes: count(1)
    .default(100_000_000)
    .describe("bytes of all bodies in memory; requests beyond them are refused with 429"),
});

/** Options of a server of its own. */
export const servingOptions = pluginOptions.extend({
  host: z.string().min(1).default("127.0.0.1").describe("address to listen on; 0.0.0.0: all of them"),
  port: count(0).max(65_535).default(8080).describe("port to listen on; 0: a free one, which is printed"),
  maxConnections: count(1).max(1_000_000).default(1024).describe("connections at a time; more are closed"),
  idleMs: count(1)
    .max(86_400_000)
    .default(75_000)
    .describe(
      "milliseconds that a connection is kept open without a request: longer than a load balancer keeps its own",
    ),
  drainMs: count(0)
    .max(86_400_000)
    .default(25_000)
    .describe("milliseconds that requests under way are given when the server is stopped"),
  log: z.enum(["text", "json", "off"]).default("text").describe("lines about requests on standard error"),
  logTexts: z.boolean().default(false).describe("write the texts of requests into the log as well"),
});

/**
 * Limits that every request is held to.
 *
 * @interface
 */
export type PluginOptions = z.input<typeof pluginOptions>;

/**
 * Options of a server.
 *
 * @interface
 */
export type ServingOptions = z.input<typeof servingOptions>;

/** {@link PluginOptions} with every default filled in. */
export type ResolvedPluginOptions = z.output<typeof pluginOptions>;

/** {@link ServingOptions} with every default filled in. */
export type ResolvedServingOptions = z.output<typeof servingOptions>;
