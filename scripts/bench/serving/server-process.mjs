// A server in a process of its own, from its start to its end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { environment } from "../processes.mjs";
import { servers } from "./contestants.mjs";

/** Milliseconds within which a server has to answer a first time. */
const startTime = 180_000;

/**
 * Starts a server, and has `work` do something with it.
 *
 * @param key of the server among the contestants
 * @param request what it needs to know: directory, peers, packages, threads, and variables of its environment
 * @param work is given the address, and the process
 */
export async function withServer(key, request, work) {
  const port = await freePort();
  const [program, ...parameters] = servers[key].command({ ...request, port });
  const extra = key === "fastapi" ? { PYTHONPATH: request.packages } : {};
  const child = spawn(program, parameters, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...environment, ...extra, ...request.environment },
  });
  const ended = once(child, "close");
  try {
    const url = `http://127.0.0.1:${port}`;
    await untilAnswered(key, url, child);
    return await work(url, child);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** The scores of a text, by label. */
export async function ask(key, url, text) {
  const [path, body] = servers[key].ask(text);
  const answer = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${servers[key].name} answered ${answer.status}: ${await answer.text()}`);
  return servers[key].scoresOf(await answer.json());
}

async function untilAnswered(key, url, child) {
  const latest = performance.now() + startTime;
  for (;;) {
    try {
      return await ask(key, url, "warm up");
    } catch (error) {
      if (child.exitCode !== null || performance.now() > latest)
        throw new Error(`${servers[key].name} does not answer: ${error.cause?.message ?? error.message}`);
      await sleep(100);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
