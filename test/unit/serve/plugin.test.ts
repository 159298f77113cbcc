// The routes below a prefix of a user's own server, behind the user's own authentication.
import fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { tagformerPlugin } from "../../../src/serve/plugin.js";
import { ask, tinyModel } from "./tiny-server.js";

let app: FastifyInstance;
let url: string;
let classifier: Classifier;
const logged: string[] = [];
const key = { authorization: "Basic of-the-user" };

beforeAll(async () => {
  const directory = await tinyModel();
  classifier = await Classifier.load(directory);
  app = fastify({ logger: { level: "warn", stream: { write: (line: string) => void logged.push(line) } } });
  app.post("/own", async ({ body }) => ({ body }));
  await app.register(async (guarded) => {
    guarded.addHook("onRequest", async ({ headers }) => {
      if (headers.authorization !== key.authorization)
        throw Object.assign(new Error("not on the list"), { statusCode: 401 });
      if (headers["x-tenant"] === "blocked") throw Object.assign(new Error("blocked"), { statusCode: 403 });
    });
    await guarded.register(tagformerPlugin, { models: { tiny: directory }, prefix: "/classifier" });
  });
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await app?.close();
  await classifier?.dispose();
});

it("answers below the prefix, to those whom the user's own hook lets in", async () => {
  const { body } = await ask<{ predictions: unknown }>(
    `${url}/classifier/v1/predict`,
    { texts: "parcel" },
    key,
  );
  expect(body.predictions).toEqual([await classifier.predict("parcel")]);
  expect((await ask(`${url}/classifier/v2/models/tiny`, undefined, key)).body).toMatchObject({
    name: "tiny",
  });
  expect((await fetch(`${url}/classifier/health`, { headers: key })).status).toBe(200);
});

it.each([
  ["/v1/predict", { texts: "a" }, { error: { code: "unauthorized", message: "not on the list" } }],
  ["/models/tiny", { inputs: "a" }, { error: "not on the list" }],
])("answers what the user's own hook throws in the shape of %s", async (path, request, shape) => {
  expect(await ask(`${url}/classifier${path}`, request)).toMatchObject({ status: 401, body: shape });
  const blocked = await ask(`${url}/classifier${path}`, request, { ...key, "x-tenant": "blocked" });
  expect(blocked.status).toBe(403);
  expect(logged).toEqual([]); // refusing is nothing to warn of
});

it("counts what is refused before it, and what it answers, by the routes of the server", async () => {
  const metrics = await (await fetch(`${url}/classifier/metrics`, { headers: key })).text();
  expect(metrics).toMatch(/tagformer_requests_total\{route="\/classifier\/v1\/predict",code="200"\} 1/);
  expect(metrics).toMatch(/tagformer_requests_total\{route="\/classifier\/v1\/predict",code="401"\} 1/);
});

it("says in its OpenAPI document where its routes are", async () => {
  const { body } = await ask<{ servers: unknown }>(`${url}/classifier/openapi.json`, undefined, key);
  expect(body.servers).toEqual([{ url: "/classifier" }]);
});

it("has its page below the prefix", async () => {
  const headers = { ...key, accept: "text/html" };
  const page = await fetch(`${url}/classifier`, { headers });
  expect(page.url).toBe(`${url}/classifier/`);
  const [, script] = /<script[^>]* src="([^"]+)"/.exec(await page.text()) ?? [];
  expect((await fetch(new URL(script!, page.url), { headers: key })).status).toBe(200);
});

it("leaves the other routes of the server as they are", async () => {
  expect((await ask(`${url}/own`, { a: 1 })).body).toEqual({ body: { a: 1 } });
  const broken = await ask(`${url}/own`, "{");
  expect([broken.status, Object.keys(broken.body)]).toEqual([
    400,
    ["statusCode", "code", "error", "message"],
  ]);
  expect((await ask(`${url}/none`)).body).toMatchObject({ message: "Route GET:/none not found" });
});
