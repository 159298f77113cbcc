// Servers that come and go in one process, and a server that is closed while it answers.
import { expect, it, vi } from "vitest";
import { serveModels } from "../../../src/serve/server.js";
import { ask, tinyServer } from "./tiny-server.js";

const tiny = tinyServer();

/** What keeps a process alive, by kind; connections that are closing come and go by themselves. */
function handles(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  const { TCPServerWrap = 0, MessagePort = 0, StatWatcher = 0 } = counts;
  return { TCPServerWrap, MessagePort, StatWatcher };
}

it("leaves no handle behind after a hundred starts and stops", async () => {
  const before = handles();
  for (let i = 0; i < 100; i++) {
    const server = await serveModels({ models: tiny.directory, port: 0, log: "off", threads: 1 });
    if (i % 10 === 0) expect((await ask(`${server.url}/v1/predict`, { texts: "a" })).status).toBe(200);
    expect(await server.close()).toBe(true);
  }
  // What is closed leaves with a later turn of the event loop.
  await vi.waitFor(() => expect(handles()).toEqual(before), { timeout: 60_000 });
});

it("answers what was asked before it was closed", async () => {
  const server = await serveModels({ models: tiny.directory, port: 0, log: "off" });
  const texts = Array.from({ length: 32 }, () => "the parcel ".repeat(8));
  const answers = Array.from({ length: 20 }, () => ask(`${server.url}/v1/predict`, { texts }));
  await Promise.race(answers);
  const closed = server.close();
  const statuses = (await Promise.allSettled(answers)).map((answer) =>
    answer.status === "fulfilled" ? answer.value.status : "refused",
  );
  // A connection that was not accepted yet is refused; nothing is cut off in the middle or answered with an error.
  expect(statuses.filter((status) => status !== 200 && status !== "refused" && status !== 503)).toEqual([]);
  expect(await closed).toBe(true);
});
