// The OpenAPI document says what the server does: each of its routes is asked, rightly and wrongly.
import { expect, it } from "vitest";
import { bodies } from "./fuzz.js";
import { ask, post, tinyServer } from "./tiny-server.js";

interface Described {
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: { readonly type?: string } } };
  };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers?: unknown;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const tiny = tinyServer();
const documented = async () => (await ask<OpenApi>(`${tiny.server.url}/openapi.json`)).body;

/** A path with the names of this server's model in place of its parameters. */
const filled = (path: string) => path.replace("{version}", "1").replace(/\{\w+\}/g, "tiny");

it("is one of version 3.1, in which every parameter of a path is described", async () => {
  const { openapi, info, servers, paths } = await documented();
  expect([openapi, info.title, servers]).toEqual(["3.1.0", "tagformer", undefined]);
  for (const [path, operations] of Object.entries(paths)) {
    expect(path).toMatch(/^\/([\w.{}-]+(\/[\w.{}-]+)*)?$/);
    for (const { summary, tags, parameters = [], responses } of Object.values(operations)) {
      expect([summary.length > 0, tags.length]).toEqual([true, 1]);
      const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      expect(parameters.map(({ name }) => name)).toEqual(inPath);
      expect(Object.values(responses).every(({ description }) => description !== "")).toBe(true);
    }
  }
});

it("has every route, answered as it says", async () => {
  const { paths } = await documented();
  const known = new Map<string, unknown>(bodies);
  const asked: string[] = [];
  for (const [path, operations] of Object.entries(paths)) {
    const url = `${tiny.server.url}${filled(path)}`;
    if (operations.get) {
      const { status } = await fetch(url);
      expect([path, status]).toEqual([path, 200]);
    }
    const { post: described } = operations;
    if (!described) continue;
    expect(described.requestBody!.content["application/json"].schema, path).toBeTypeOf("object");
    const body = known.get(filled(path));
    if (body !== undefined) expect([path, (await post(url, body)).status]).toEqual([path, 200]);
    const { status } = await post(url, { wrong: true });
    expect([path, Object.keys(described.responses).includes(String(status)) || status === 403]).toEqual([
      path,
      true,
    ]);
    asked.push(filled(path));
  }
  expect(asked).toEqual(expect.arrayContaining(bodies.map(([path]) => path)));
});

it("is read as a page, too", async () => {
  const page = await fetch(`${tiny.server.url}/docs`);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const html = await page.text();
  for (const path of ["/v1/predict", "/predict", "/v1/moderations", "/v2/models/:model/infer"])
    expect(html).toContain(path);
});
