import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { resolveModel } from "../../../src/model/hub/resolve.js";
import { childProgram, FakeHub, type Fault, name, stallAfter } from "./hub-server.js";

const weights = "model.safetensors";
let hub: FakeHub;
let program: string;
beforeEach(async () => {
  hub = await FakeHub.start();
  program = childProgram(`
    import { resolveModel } from "./model/hub/resolve.js";
    process.stdout.write(await resolveModel(${JSON.stringify(name)}));
  `);
});

function download(): ChildProcess {
  const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function outcome(child: ChildProcess): Promise<[number | null, string]> {
  const output = text(child.stdout!);
  const [status] = (await once(child, "exit")) as [number | null];
  return [status, await output];
}

it("two processes download the same model at once", async () => {
  // Both are let go on only when both ask for the weights.
  const waiting: (() => void)[] = [];
  const together: Fault = (_, __, serve) => {
    waiting.push(serve);
    if (waiting.length === 2) for (const go of waiting) go();
  };
  hub.cdnFaults.push(together, together);
  const outcomes = await Promise.all([download(), download()].map(outcome));
  const directory = await resolveModel(name, { offline: true });
  expect(outcomes).toEqual([
    [0, directory],
    [0, directory],
  ]);
  expect(readFileSync(join(directory, weights)).equals(hub.files.get(weights)!)).toBe(true);
  expect(hub.parts()).toEqual([]);
  expect(hub.seen("cdn")).toHaveLength(2);
});

it("a process goes on where a killed one was", async () => {
  const child = download();
  await new Promise<void>((stalled) => hub.cdnFaults.push(stallAfter(1_000_000, stalled)));
  await expect.poll(() => partSize(), { timeout: 300_000 }).toBeGreaterThan(500_000);
  child.kill("SIGKILL");
  await once(child, "exit");
  const size = partSize();
  const directory = await resolveModel(name);
  expect(hub.seen("cdn").map(({ headers }) => headers.range)).toEqual([undefined, `bytes=${size}-`]);
  expect(readFileSync(join(directory, weights)).equals(hub.files.get(weights)!)).toBe(true);
  expect(hub.parts()).toEqual([]);
});

it("a process takes the blob of one that was faster", async () => {
  hub.cdnFaults.push((_, response, serve) => {
    const end = response.end.bind(response);
    response.end = ((body: Buffer) => {
      response.write(body.subarray(0, 1_000_000));
      // Here this process is done, and clears up what the child has got so far.
      resolveModel(name).then(() => end(body.subarray(1_000_000)));
      return response;
    }) as typeof end;
    serve();
  });
  expect(await outcome(download())).toEqual([0, await resolveModel(name)]);
});

function partSize(): number {
  try {
    return readFileSync(join(hub.folder, "blobs", hub.parts()[0]!)).length;
  } catch {
    return 0;
  }
}
