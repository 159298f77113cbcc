// JSON Lines in and out.
import { once } from "node:events";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import type { Prediction } from "../../../src/predict/prediction.js";
import { post, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ maxQueueTokens: 200, maxBodyBytes: 10_000 });
const headers = { "content-type": "application/x-ndjson" };

type Line = Prediction & { id?: unknown; line?: number; error?: { code: string } };

async function stream(body: string, query = ""): Promise<Line[]> {
  const answer = await post(`${tiny.server.url}/v1/predict${query}`, body, headers);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  const text = await answer.text();
  return text.trim() === ""
    ? []
    : text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
}

it("answers each line in order, more of them than the queue has room for", async () => {
  const texts = Array.from({ length: 500 }, (_, i) =>
    i % 3 === 0 ? "refund please" : "the parcel ".repeat(i % 7),
  );
  const lines = await stream(
    texts.map((text, id) => JSON.stringify(id % 2 ? text : { id, text })).join("\n"),
  );
  const predictions = await tiny.classifier.predict(texts);
  expect(lines).toEqual(predictions.map((prediction, id) => (id % 2 ? prediction : { id, ...prediction })));
});

it("answers what is wrong with its line, and goes on", async () => {
  const lines = await stream('"a"\r\n\n{"text": 3}\n{\n  \n"b"\n{"text":"c","text":"d"}\n"e"');
  expect(lines.map(({ error, line }) => error && [line, error.code])).toEqual([
    undefined,
    [2, "invalid"],
    [3, "bad_json"],
    undefined,
    [5, "bad_json"],
    undefined,
  ]);
  expect(await stream("")).toEqual([]);
});

it("refuses texts that would be cut, when told", async () => {
  const long = JSON.stringify("a ".repeat(50));
  const [cut] = await stream(long);
  expect(cut!.tokens.cut).toBeGreaterThan(0);
  const [refused] = await stream(long, "?truncate=false");
  expect(refused!.error!.code).toBe("too_long");
});

it("refuses a model or a query that it does not know", async () => {
  expect((await post(`${tiny.server.url}/v1/predict?model=none`, '"a"', headers)).status).toBe(404);
  expect((await post(`${tiny.server.url}/v1/predict?modell=tiny`, '"a"', headers)).status).toBe(400);
});

it("ends with an error at a line that is longer than a body may be", async () => {
  const lines = await stream(`"a"\n"${"b".repeat(20_000)}"\n"c"\n`);
  expect(lines.at(-1)).toMatchObject({ error: { code: "too_large" } });
});

it("reads no more than is taken, and answers as it goes", async () => {
  const connection = request(`${tiny.server.url}/v1/predict`, { method: "POST", headers });
  connection.write('"a"\n');
  const [response] = await once(connection, "response");
  const answers = createInterface({ input: response })[Symbol.asyncIterator]();
  expect((await answers.next()).value).toContain("scores"); // before the request has ended
  response.pause();
  let sent = 0;
  const line = `"${"word ".repeat(1900)}"\n`;
  while (connection.write(line) && sent < 100_000_000) sent += line.length;
  // The writer is held back by a reader that takes nothing: a few buffers of sockets are all that was sent.
  expect(sent).toBeLessThan(100_000_000);
  connection.destroy();
  response.destroy();
});
