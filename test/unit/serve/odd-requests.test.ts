// Requests as no well-behaved client sends them, byte by byte. Each has one answer, and the server goes on.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { ask, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ timeoutMs: 2000, maxBodyBytes: 5000, maxTextCharacters: 1000 });

afterEach(async () => {
  const { status } = await ask(`${tiny.server.url}/v1/predict`, { texts: "still here" });
  expect(status).toBe(200);
});

function open(): Socket {
  const socket = connect(Number(new URL(tiny.server.url).port), "127.0.0.1");
  socket.on("error", () => {});
  return socket;
}

/** Sends bytes on a connection of its own; returns all that comes back until it closes. */
async function raw(bytes: string | Buffer): Promise<string> {
  const socket = open();
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, "close");
  return Buffer.concat(chunks).toString();
}

const body = '{"texts":"a"}';
const head = (length: number | string, more = "") =>
  `POST /v1/predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}`;
const closing = "connection: close\r\n\r\n";

it("answers pipelined requests in their order", async () => {
  const one = (id: string, more: string) => `${head(body.length, `x-request-id: ${id}\r\n`)}${more}${body}`;
  const answers = await raw(`${one("r1", "\r\n")}${one("r2", "\r\n")}${one("r3", closing)}`);
  expect([...answers.matchAll(/x-request-id: (\w+)/g)].map(([, id]) => id)).toEqual(["r1", "r2", "r3"]);
  expect(answers.match(/HTTP\/1.1 200/g)).toHaveLength(3);
});

it.each([
  ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22]), 400, "the body is not UTF-8"],
  ["a key twice", '{"texts":"a","texts":"b"}', 400, "twice"],
  ["__proto__", '{"texts":"a","__proto__":{"x":1}}', 400, "__proto__"],
  ["deep nesting", `{"texts":${"[".repeat(2000)}${"]".repeat(2000)}}`, 400, "nested"],
  ["no body", "", 400, "empty"],
  ["a body that is too large", `{"texts":"${"a".repeat(6000)}"}`, 413, "larger"],
  ["a text that is too long", `{"texts":"${"a".repeat(1500)}"}`, 422, "1500 characters"],
  ["half a surrogate pair", '{"texts":"a\\ud83d"}', 200, "scores"],
  ["NUL", '{"texts":"a\\u0000b"}', 200, "scores"],
])("answers %s", async (_, content, status, message) => {
  const bytes = Buffer.from(content as string);
  const answer = await raw(Buffer.concat([Buffer.from(head(bytes.length, closing)), bytes]));
  expect(answer).toContain(`HTTP/1.1 ${status}`);
  expect(answer).toContain(message);
  expect(answer).not.toMatch(/node_modules|\.js:\d|\/home|\/tmp/);
});

it.each([
  ["no HTTP at all", "hello\r\n\r\n", "400"],
  ["two lengths", head(5, `content-length: 6\r\n${closing}`), "400"],
  ["a length and chunks", head(5, `transfer-encoding: chunked\r\n${closing}0\r\n\r\n`), "400"],
  ["headers without end", `GET /health HTTP/1.1\r\nhost: x\r\n${"x-a: b\r\n".repeat(5000)}\r\n`, "431"],
  ["a path that is none", "GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", "400"],
  ["a shorter body than announced", `${head(100, closing)}{}`, "408"],
])("refuses %s", async (_, bytes, status) => {
  expect(await raw(bytes)).toContain(`HTTP/1.1 ${status}`);
});

it("cuts off a client that sends its body drop by drop", async () => {
  const socket = open();
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(head(1000, "\r\n"));
  const drops = setInterval(() => socket.write("x"), 50);
  await once(socket, "close");
  clearInterval(drops);
  expect(answer).toContain("HTTP/1.1 408");
});

it("treats a client that has closed its half as gone", async () => {
  const socket = open();
  socket.end(`${head(body.length, "\r\n")}${body}`);
  socket.resume();
  await once(socket, "close");
});

it("outlives clients that vanish at any moment", async () => {
  const bytes = `${head(body.length, "\r\n")}${body}`;
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const socket = open();
    socket.write(bytes.slice(0, cut));
    await sleep(2);
    socket.resetAndDestroy();
  }
});
