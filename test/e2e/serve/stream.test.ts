// Streams of JSON Lines through a server that is a process of its own: its memory, and clients that are killed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { Readable } from "node:stream";
import { beforeAll, expect, it } from "vitest";
import { ask } from "../../unit/serve/tiny-server.js";
import { type Trained, trained } from "../trained.js";
import { metric, serve } from "./command.js";

let model: Trained;

beforeAll(async () => {
  model = await trained(20);
});

const headers = { "content-type": "application/x-ndjson" };
const text = "where is the parcel ".repeat(2500);
const line = `${JSON.stringify(text)}\n`;

/** Sends a line many times; returns the number of predictions. */
async function send(url: string, lines: number): Promise<number> {
  const sent = request(`${url}/v1/predict`, { method: "POST", headers });
  const responding = once(sent, "response");
  Readable.from(
    (function* () {
      for (let i = 0; i < lines; i++) yield line;
    })(),
  ).pipe(sent);
  const [response] = await responding;
  let answers = 0;
  for await (const chunk of response.setEncoding("utf8")) answers += chunk.split('"scores"').length - 1;
  return answers;
}

it("answers more than its memory grows by", async () => {
  const { url } = await serve([model.directory, "--log", "off"]);
  expect(await send(url, 800)).toBe(800); // 40 MB, after which its heap is as large as it has to be
  const before = await metric(url, "process_resident_memory_bytes");
  expect(await send(url, 6000)).toBe(6000);
  const grown = (await metric(url, "process_resident_memory_bytes")) - before;
  expect(6000 * line.length).toBeGreaterThan(300e6);
  expect(grown).toBeLessThan(100e6);
});

it("forgets a client that is killed in the middle of its answers", async () => {
  const { url, child } = await serve([model.directory, "--log", "off"]);
  const code = `
    const { request } = require("node:http");
    const headers = ${JSON.stringify(headers)};
    const sent = request(${JSON.stringify(`${url}/v1/predict`)}, { method: "POST", headers }, (response) => {
      response.once("data", () => console.log("answered"));
    });
    const line = JSON.stringify("where is the parcel ".repeat(500)) + "\\n";
    const more = () => { while (sent.write(line)); };
    sent.on("drain", more);
    more();`;
  for (let i = 0; i < 3; i++) {
    const client = spawn(process.execPath, ["-e", code]);
    await once(client.stdout, "data");
    expect(await metric(url, "tagformer_inflight_bytes")).toBeGreaterThan(0);
    client.kill("SIGKILL");
    while (
      (await metric(url, "tagformer_inflight_bytes")) > 0 ||
      (await metric(url, "tagformer_queue_texts")) > 0
    )
      await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(child.exitCode).toBeNull();
  expect((await ask(`${url}/v1/predict`, { texts: "a" })).status).toBe(200);
});
