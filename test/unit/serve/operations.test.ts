// What those see who run a server: probes, keys, metrics, reloading, request ids.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { serveModels } from "../../../src/serve/server.js";
import { temporaryFolder } from "../training/tiny-run.js";
import { ask, post, tinyServer } from "./tiny-server.js";

const keyFile = join(temporaryFolder(), "keys");
writeFileSync(keyFile, "# of the tests\nfirst\n\nsecond\n");

const tiny = tinyServer({ apiKeyFile: keyFile });
const key = { authorization: "Bearer second" };
const to = <Body = Record<string, unknown>>(
  path: string,
  body?: unknown,
  headers: Record<string, string> = key,
) => ask<Body>(`${tiny.server.url}${path}`, body, headers);
const metrics = async (query = "") =>
  (await fetch(`${tiny.server.url}/metrics${query}`, { headers: key })).text();

it("asks for a key, but not of probes", async () => {
  for (const headers of [
    {},
    { authorization: "Bearer " },
    { authorization: "Bearer third" },
    { authorization: "Basic first" },
  ]) {
    const { status, body } = await to<{ error: { code: string } }>(
      "/v1/predict",
      { texts: "a" },
      headers as Record<string, string>,
    );
    expect([status, body.error.code]).toEqual([401, "unauthorized"]);
  }
  for (const token of ["first", "second"]) {
    const headers = { authorization: `Bearer ${token}` };
    expect((await to("/v1/predict", { texts: "a" }, headers)).status).toBe(200);
  }
  const { status, body } = await to<{ error: object }>("/v1/moderations", { input: "a" }, {});
  expect([status, body.error]).toEqual([401, expect.objectContaining({ code: "invalid_api_key" })]);
  for (const path of [
    "/health",
    "/health/live",
    "/health/ready",
    "/ping",
    "/v2/health/live",
    "/v2/health/ready",
    "/",
  ])
    expect((await fetch(`${tiny.server.url}${path}`)).status).toBe(200);
  expect((await fetch(`${tiny.server.url}/metrics`)).status).toBe(401);
});

it("reads the keys again when they change, and keeps them when the new file is bad", async () => {
  const replace = (text: string) => {
    writeFileSync(`${keyFile}.new`, text);
    renameSync(`${keyFile}.new`, keyFile);
  };
  const status = async (token: string) =>
    (await to("/v1/predict", { texts: "a" }, { authorization: `Bearer ${token}` })).status;
  replace("second\nthird\n");
  while ((await status("third")) !== 200) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await status("first")).toBe(401);
  rmSync(keyFile);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await status("third")).toBe(200);
});

it("gives an id and a trace to every request, or keeps the client's", async () => {
  const own = await to("/v1/predict", { texts: "a" });
  expect(own.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(own.headers.get("traceparent")).toBeNull();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const given = await to("/v1/predict", { texts: "a" }, { ...key, "x-request-id": "r-1", traceparent });
  expect(given.headers.get("x-request-id")).toBe("r-1");
  expect(given.headers.get("traceparent")).toMatch(new RegExp(`^00-${traceId}-(?!b7ad)[0-9a-f]{16}-01$`));
  for (const bad of [
    "00-0-0-01",
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `ff-${traceId}-b7ad6b7169203331-01`,
  ])
    expect(
      (await to("/health/ready", undefined, { traceparent: bad }).catch(() => null))?.headers.get(
        "traceparent",
      ) ?? null,
    ).toBeNull();
  const strange = await to("/v1/predict", { texts: "a" }, { ...key, "x-request-id": "a b" });
  expect(strange.headers.get("x-request-id")).not.toBe("a b");
});

it("counts what it does", async () => {
  const value = (text: string, line: string) =>
    Number(
      text
        .split("\n")
        .find((row) => row.startsWith(line))
        ?.split(" ")
        .at(-1) ?? 0,
    );
  const before = await metrics();
  await to("/v1/predict", { texts: ["the parcel is here", "a ".repeat(50)] });
  await to("/predict", { inputs: "" });
  const after = await metrics();
  const grown = (line: string) => value(after, line) - value(before, line);
  expect(grown('tagformer_requests_total{route="/v1/predict",code="200"}')).toBe(1);
  expect(grown('tagformer_requests_total{route="/predict",code="400"}')).toBe(1);
  expect(grown('tagformer_rejected_total{reason="empty"}')).toBe(1);
  expect(grown('tagformer_truncated_texts_total{model="tiny"}')).toBe(1);
  expect(grown('tagformer_input_tokens_count{model="tiny"}')).toBe(2);
  expect(grown('tagformer_batches_total{model="tiny"}')).toBe(1);
  expect(grown('tagformer_batch_texts_total{model="tiny"}')).toBe(2);
  expect(grown('tagformer_batch_tokens_total{model="tiny"}')).toBe(6 + 32);
  expect(after).toContain('\ntagformer_padding_tokens_total{model="tiny"} 0\n');
  for (const label of tiny.classifier.labels) {
    expect(grown(`tagformer_score_count{model="tiny",label="${label}"}`)).toBe(2);
    expect(grown(`tagformer_score_bucket{le="1",model="tiny",label="${label}"}`)).toBe(2);
  }
  for (const name of [
    "tagformer_queue_tokens",
    "tagformer_queue_age_seconds",
    "tagformer_inflight_bytes",
    "nodejs_eventloop_lag_p99_seconds",
    "tagformer_model_info",
    "process_resident_memory_bytes",
  ])
    expect(after).toContain(`\n${name}`);
  const te = await metrics("?names=te");
  expect(te).toMatch(/^te_request_count\{/m);
  expect(te).toMatch(/^te_queue_size\{/m);
  expect(te).toMatch(/^te_request_duration_bucket\{/m);
  expect(te).not.toMatch(/^tagformer_requests_total/m);
});

it("loads a model anew when told with a key", async () => {
  expect((await post(`${tiny.server.url}/admin/reload`, {})).status).toBe(401);
  expect((await to("/admin/reload", {})).body).toEqual({ reloaded: ["tiny"] });
  expect((await to("/admin/reload", { model: "other" })).status).toBe(404);
  expect((await to("/v1/predict", { texts: "a" })).status).toBe(200);
});

it("keeps the old model when the new one is bad, and names no path", async () => {
  const config = join(tiny.directory, "config.json");
  renameSync(config, `${config}.away`);
  writeFileSync(config, "{");
  const { status, body } = await to<{ error: { message: string } }>("/admin/reload", { model: "tiny" });
  expect(status).toBe(500);
  expect(body.error.message).toBe("the new model could not be loaded (INVALID_MODEL); the former one serves");
  expect((await to("/v1/predict", { texts: "a" })).status).toBe(200);
  renameSync(`${config}.away`, config);
  expect((await to("/admin/reload", {})).status).toBe(200);
});

it("closes /admin without keys", async () => {
  await using server = await serveModels({ models: tiny.directory, port: 0, log: "off" });
  const { status, body } = await ask<{ error: { code: string } }>(`${server.url}/admin/reload`, {});
  expect([status, body.error.code]).toEqual([403, "forbidden"]);
});

it("refuses what it cannot start with", async () => {
  const empty = join(temporaryFolder(), "empty");
  writeFileSync(empty, "\n# none\n");
  const start = (options: object) => serveModels({ models: tiny.directory, port: 0, log: "off", ...options });
  await expect(start({ apiKeyFile: empty })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await expect(start({ apiKeyFile: `${empty}-not` })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await expect(start({ models: [tiny.directory, tiny.directory] })).rejects.toThrow(/two models are called/);
  await expect(start({ models: [] })).rejects.toThrow(/no model to serve/);
  await expect(start({ timeoutMS: 3 })).rejects.toThrow(/timeoutMs/);
  const port = Number(new URL(tiny.server.url).port);
  await expect(start({ port })).rejects.toMatchObject({ code: "IO" });
});

it("answers one text of an unknown path, method and media type", async () => {
  expect(await to("/none?secret")).toMatchObject({
    status: 404,
    body: { error: { message: "there is no GET /none" } },
  });
  expect((await to("/v1/predict")).status).toBe(404);
  const answer = await post(`${tiny.server.url}/v1/predict`, "a=1", { ...key, "content-type": "text/plain" });
  expect(answer.status).toBe(415);
  expect(await answer.text()).toContain("content-type: application/json");
});
