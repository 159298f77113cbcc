// `tagformer serve` as its operators run it: a process, its signals, its log, its environment.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { renameSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { ask } from "../../unit/serve/tiny-server.js";
import { main, tagformer } from "../command.js";
import { type Trained, trained } from "../trained.js";
import { serve } from "./command.js";

let model: Trained;

beforeAll(async () => {
  model = await trained(20);
});

/** Sends a request on an agent's connection; its status, or why there is none. */
function send(url: string, agent: Agent, body: string): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(`${url}/v1/predict`, { method: "POST", agent, headers }, (response) => {
      response
        .resume()
        .on("end", () => resolve(response.statusCode!))
        .on("error", (error) => resolve(error.message));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end(body);
  });
}

it("serves several models under names, from flags and from the environment", async () => {
  const env = { TAGFORMER_MAX_CLIENT_BATCH: "2", TAGFORMER_LOG: "json", TAGFORMER_LOG_TEXTS: "0" };
  const { url, log, child, ended } = await serve([model.directory, "--name", `second=${model.directory}`], {
    env,
  });
  const { body } = await ask<{ data: { id: string }[] }>(`${url}/v1/models`);
  expect(body.data.map(({ id }) => id)).toEqual(["model", "second"]);
  const texts = model.data.texts.slice(0, 2);
  await using classifier = await Classifier.load(model.directory, { threads: 1 });
  for (const name of ["model", "second"]) {
    const answer = await ask<{ predictions: unknown }>(`${url}/v1/predict`, { model: name, texts });
    expect(answer.body.predictions).toEqual(await classifier.predict(texts));
  }
  expect((await ask(`${url}/v1/predict`, { texts: ["a", "b", "c"] })).status).toBe(422);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  const entries = log()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  const requests = entries.filter(({ message }) => message === "request");
  expect(requests).toContainEqual(
    expect.objectContaining({ route: "/v1/predict", status: 200, model: "second", texts: 2 }),
  );
  expect(log()).not.toContain(texts[0]);
});

it("writes texts into the log only when told", async () => {
  const { url, log, child, ended } = await serve([model.directory, "--log-texts"]);
  await ask(`${url}/v1/predict`, { texts: "a very secret parcel" });
  child.kill("SIGTERM");
  await ended;
  expect(log()).toContain("a very secret parcel");
});

it("refuses wrong use before it loads anything", async () => {
  for (const [args, message] of [
    [[], /no model to serve/],
    [["a", "x/a"], /model directory a does/],
    [[model.directory, "--name", "x"], /NAME=MODEL/],
    [[model.directory, "--port", "x"], /number/],
    [[model.directory, "--port", "70000"], /option port/],
  ] as const) {
    const { status, stderr } = await tagformer(["serve", ...args]);
    expect([args, status]).toEqual([args, expect.toSatisfy((code) => code === 1 || code === 2)]);
    expect(stderr).toMatch(message);
  }
});

it("loses none of ten thousand requests when it is told to stop", async () => {
  const { url, child, ended } = await serve([model.directory, "--log", "off"]);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const outcomes: (number | string)[] = [];
  let left = 10_000;
  const client = async () => {
    while (left-- > 0) {
      outcomes.push(await send(url, agent, '{"texts":"the parcel is here"}'));
      if (outcomes.length === 6000) child.kill("SIGTERM");
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  expect(await ended).toEqual([0, null]);
  expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
  expect(outcomes).toHaveLength(10_000);
  agent.destroy();
});

it("ends at once at a second signal", async () => {
  const { url, child, ended, log } = await serve([model.directory, "--drain-ms", "600000"]);
  const open = request(`${url}/v1/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  open.on("error", () => {});
  open.write('{"texts":');
  while (!(await (await fetch(`${url}/metrics`)).text()).includes("tagformer_inflight_bytes 2000000"))
    await new Promise(setImmediate);
  child.kill("SIGTERM");
  while (!log().includes("draining")) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toEqual([1, null]);
});

it("loads its models anew at SIGHUP, and serves on when they are bad", async () => {
  const { url, child, log } = await serve([model.directory]);
  const config = join(model.directory, "config.json");
  renameSync(config, `${config}.away`);
  writeFileSync(config, "{");
  child.kill("SIGHUP");
  while (!log().includes("the former model serves on"))
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await ask(`${url}/v1/predict`, { texts: "a" })).status).toBe(200);
  renameSync(`${config}.away`, config);
  child.kill("SIGHUP");
  while (!log().includes("loaded model anew")) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await ask(`${url}/v1/predict`, { texts: "a" })).status).toBe(200);
});

it("answers although nobody reads its log, and stops", async () => {
  const { url, child, ended } = await serve([model.directory, "--log-texts"], { stuck: true });
  const text = "the parcel ".repeat(2000);
  for (let i = 0; i < 100; i++) expect((await ask(`${url}/v1/predict`, { texts: text })).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^tagformer_log_lines_dropped [1-9]/m);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

it("outlives clients that are killed, and connections that it has no descriptors for", async () => {
  const { url, child } = await serve([model.directory, "--log", "off"], { shell: "ulimit -n 100" });
  const code = `const n = require("node:net"); for (let i = 0; i < 300; i++) n.connect(${new URL(url).port}, "127.0.0.1").on("error", () => {}).write("POST /v1/predict HTTP/1.1\\r\\n"); setTimeout(() => console.log("up"), 300)`;
  const flood = spawn(process.execPath, ["-e", `${code}; setInterval(() => {}, 1000)`]);
  await once(flood.stdout, "data");
  expect(child.exitCode).toBeNull();
  flood.kill("SIGKILL");
  await once(flood, "exit");
  let status = 0;
  while (status !== 200)
    status = (await ask(`${url}/v1/predict`, { texts: "a" }).catch(() => ({ status: 0 }))).status;
});

it.each([
  ["TAGFORMER_PORT", "abc", /TAGFORMER_PORT is "abc" in the environment\. Expected a number/],
  ["TAGFORMER_LOG_TEXTS", "maybe", /TAGFORMER_LOG_TEXTS is "maybe" in the environment\. Expected 1 or 0/],
  ["TAGFORMER_LOG", "loud", /TAGFORMER_LOG is "loud" in the environment\. Allowed choices are/],
])("refuses %s=%s in the environment", (variable, value, message) => {
  const { status, stderr } = spawnSync(process.execPath, [main, "serve", model.directory], {
    env: { ...process.env, [variable]: value },
    encoding: "utf8",
  });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});
