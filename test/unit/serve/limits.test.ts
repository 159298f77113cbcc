// Limits on connections: how many there are, and for how long one may be idle or slow.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { type ServeOptions, serveModels } from "../../../src/serve/server.js";
import { tinyServer } from "./tiny-server.js";

const tiny = tinyServer();

const start = (options: Partial<ServeOptions>) =>
  serveModels({ models: { tiny: tiny.directory }, port: 0, log: "off", threads: 1, ...options });

function open(url: string): Socket {
  return connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
}

/** All that comes on a connection until it is closed. */
async function received(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "close");
  return text;
}

const health = "GET /health HTTP/1.1\r\nhost: x\r\n";

it("closes connections beyond the most there may be, and takes new ones when others have gone", async () => {
  await using server = await start({ maxConnections: 2 });
  const kept = [open(server.url), open(server.url)];
  for (const socket of kept) {
    socket.write(`${health}\r\n`);
    await once(socket, "data"); // it is one of the two
  }
  expect(await received(open(server.url))).toBe("");
  kept[0]!.destroy();
  let answer = "";
  while (answer === "") {
    const next = open(server.url);
    next.write(`${health}connection: close\r\n\r\n`);
    answer = await received(next);
  }
  expect(answer).toContain("HTTP/1.1 200");
  kept[1]!.destroy();
});

it("closes a connection that is idle after its answer", async () => {
  await using server = await start({ idleMs: 100 });
  const socket = open(server.url);
  socket.write(`${health}\r\n`);
  expect(await received(socket)).toContain("HTTP/1.1 200");
});

it("closes a connection that asks nothing", async () => {
  await using server = await start({ timeoutMs: 500 });
  expect(await received(open(server.url))).toMatch(/^(HTTP\/1.1 408|$)/);
});

it("cuts off a client that sends its headers drop by drop", async () => {
  await using server = await start({ timeoutMs: 500 });
  const socket = open(server.url);
  socket.write(health);
  const drops = setInterval(() => socket.write("x-a: b\r\n"), 50);
  expect(await received(socket)).toContain("HTTP/1.1 408");
  clearInterval(drops);
});
