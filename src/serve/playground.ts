// The page for browsers at the root of the server: a text, and what the models say about it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { packageRoot } from "../base/package.js";
import type { RouteConfig } from "./operation.js";

/** Where the build puts the page: `scripts/bundle.mjs`. */
const folder = join(packageRoot, "dist", "bundle", "playground");

const page = "app.html";
const files: Readonly<Record<string, string>> = {
  [page]: "text/html; charset=utf-8",
  "app.css": "text/css; charset=utf-8",
  "app.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

/** The page has neither scripts nor styles of its own in its markup, speaks to its server alone and stands in no frame. */
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  // A new version of the package brings a new page.
  "cache-control": "no-cache",
};

/** The page and its files need no key: what they ask the server for does. Other clients read text-embeddings-inference's errors at the root. */
const config: { readonly tagformer: RouteConfig } = { tagformer: { protocol: "tei", open: true } };

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/**
 * Serves the page at the root of `app`, and its files below `playground/`.
 *
 * @param otherwise answers `GET /` for a client that is no browser
 */
export function registerPlayground(app: FastifyInstance, otherwise: Handler): void {
  const contents = new Map(Object.keys(files).map((name) => [name, readFileSync(join(folder, name))]));
  const send = (reply: FastifyReply, name: string) =>
    reply.headers(headers).type(files[name]!).send(contents.get(name));

  app.get("/", { config }, (request, reply) => {
    reply.header("vary", "accept");
    if (!request.headers.accept?.includes("text/html")) return otherwise(request, reply);
    // The page's own links are relative, so that it works below a prefix and behind a proxy that has one.
    const [path = ""] = request.url.split("?", 1);
    if (!path.endsWith("/")) return reply.redirect(`${path.slice(path.lastIndexOf("/") + 1)}/`);
    return send(reply, page);
  });
  for (const name of Object.keys(files).filter((file) => file !== page)) {
    app.get(`/playground/${name}`, { config }, (_request, reply) => send(reply, name));
  }
}
