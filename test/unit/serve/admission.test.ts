// Who is let in, with a model whose answers the test decides: no verdict here depends on time.
import { once } from "node:events";
import { request } from "node:http";
import fastify, { type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import type { Classifier } from "../../../src/classifier.js";
import { pluginOptions } from "../../../src/options/serving.js";
import type { Pending } from "../../../src/predict/predictor.js";
import { admit } from "../../../src/serve/admission.js";
import type { ServeError } from "../../../src/serve/errors.js";
import { type Log, silent } from "../../../src/serve/log.js";
import { ServedModel, ServedModels, type Slot } from "../../../src/serve/models.js";
import { serveOn } from "../../../src/serve/plugin.js";
import { Service } from "../../../src/serve/service.js";
import { ask } from "./tiny-server.js";

describe("admission", () => {
  const idle: Pending = { rows: 0, tokens: 0, oldest: 0, wait: 0 };
  const busy: Pending = { rows: 10, tokens: 900, oldest: 1000, wait: 9000 };
  const cost = { texts: ["12345678"], maxTokens: 512, timeLeft: 30_000 };
  const refusal = (pending: Pending, most: number, changes: Partial<typeof cost> = {}) => {
    try {
      admit(pending, most, { ...cost, ...changes });
    } catch (error) {
      return (error as ServeError).headers;
    }
    return null;
  };

  it("lets anything into an idle model", () => {
    expect(refusal(idle, 1, { texts: ["a".repeat(10_000)] })).toBeNull();
  });

  it("refuses what there is no room for, and says when there will be", () => {
    expect(refusal(busy, 904)).toBeNull();
    expect(refusal(busy, 604)).toEqual({ "retry-after": "3", "retry-after-ms": "3000" });
  });

  it("refuses what would be answered too late", () => {
    expect(refusal(busy, 10_000, { timeLeft: 9040 })).toBeNull();
    expect(refusal(busy, 10_000, { timeLeft: 9000 })).toEqual({ "retry-after": "1", "retry-after-ms": "50" });
  });

  it("does not believe a predicted wait before a call has waited", () => {
    expect(refusal({ ...busy, oldest: 999 }, 10_000, { timeLeft: 1 })).toBeNull();
  });

  it("counts no more of a long text than is read", () => {
    const texts = ["a".repeat(100_000)];
    expect(refusal(busy, 1000, { texts, maxTokens: 100 })).toBeNull();
    expect(refusal(busy, 1000, { texts, maxTokens: 101 })).not.toBeNull();
  });
});

/** A server of a model that answers when it is told to. */
class Fake {
  readonly calls: {
    readonly texts: readonly string[];
    readonly signal: AbortSignal;
    readonly answer: () => void;
  }[] = [];
  pending: Pending = { rows: 0, tokens: 0, oldest: 0, wait: 0 };
  readonly app: FastifyInstance = fastify();
  readonly service: Service;

  constructor(limits: object = {}, warnings: readonly string[] = [], log: Log = silent) {
    const labels = ["a", "b"];
    const classifier = {
      labels,
      device: "cpu",
      info: { maxLength: 512, windows: null, warnings },
      totals: { batches: 0, rows: 0, tokens: 0, padding: 0 },
      score: (texts: readonly string[], { signal }: { signal: AbortSignal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          const answer = () => resolve(scoresOf(texts.length, this.value));
          this.calls.push({ texts, signal, answer });
        }),
    };
    Object.defineProperty(classifier, "pending", { get: () => this.pending });
    const current = classifier as unknown as Classifier;
    const slot = {
      current,
      use: async (work) => await work(current),
      close: async () => {},
      dispose: async () => {},
    } as Slot;
    this.service = new Service(
      new ServedModels([new ServedModel("fake", "", slot)]),
      pluginOptions.parse(limits),
      log,
    );
    serveOn(this.app, this.service);
  }

  value = 0.7;

  /** Resolves when the model was asked so many times. */
  async asked(times: number): Promise<void> {
    while (this.calls.length < times) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function scoresOf(texts: number, value: number) {
  const values = new Float32Array(2 * texts).fill(value);
  const none = new Int32Array(texts);
  return {
    logits: values,
    probabilities: values,
    thresholds: [0.5, 0.8],
    tokens: { read: none, cut: none, atLeast: new Uint8Array(texts) },
    times: { tokenizing: 0, waiting: 0, computing: 0 },
  };
}

let fake: Fake;
afterEach(async () => {
  await fake?.app.close();
  await fake?.service.close(false);
});

async function start(limits: object = {}): Promise<string> {
  fake = new Fake(limits);
  return await fake.app.listen({ host: "127.0.0.1", port: 0 });
}

const texts = (count: number) => ({ texts: Array.from({ length: count }, () => "text") });

it("refuses a whole request at the door, and asks the model nothing", async () => {
  const url = await start({ maxQueueTokens: 100 });
  fake.pending = { rows: 10, tokens: 95, oldest: 10, wait: 950 };
  const paths = {
    "/v1/predict": texts(2),
    "/predict": { inputs: [["text"], ["text"]] },
    "/v1/moderations": { input: ["text", "text"] },
  };
  for (const [path, body] of Object.entries(paths)) {
    const answer = await ask(`${url}${path}`, body);
    expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([path, 429, "1"]);
    expect(Number(answer.headers.get("retry-after-ms"))).toBeGreaterThanOrEqual(50);
  }
  expect((await ask(`${url}/predict`, { inputs: [["text"], ["text"]] })).body).toEqual({
    error: "Model is overloaded",
    error_type: "Overloaded",
  });
  expect(fake.calls).toHaveLength(0);
});

it("is not ready when the queue is nearly full, and lives on", async () => {
  const url = await start({ maxQueueTokens: 100 });
  const status = async (path: string) => (await fetch(`${url}${path}`)).status;
  expect(await status("/health/ready")).toBe(200);
  fake.pending = { rows: 1, tokens: 91, oldest: 0, wait: 0 };
  expect([await status("/health/ready"), await status("/health/live"), await status("/health")]).toEqual([
    503, 200, 200,
  ]);
  fake.pending = { rows: 0, tokens: 0, oldest: 0, wait: 0 };
  fake.service.isDraining = true;
  expect([await status("/v2/health/ready"), await status("/v2/health/live")]).toEqual([503, 200]);
});

it("is not well at / for a client that is no browser, when a model hangs", async () => {
  const url = await start();
  const root = () => fetch(url, { headers: { accept: "application/json" } });
  expect((await root()).status).toBe(200);
  Object.defineProperty(fake.service.watchdog, "isLive", { get: () => false });
  const answer = await root();
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { error: "unhealthy", error_type: "Unhealthy" },
  ]);
  expect((await fetch(`${url}/health`)).status).toBe(503);
  expect((await fetch(url, { headers: { accept: "text/html" } })).status).toBe(200);
});

it("writes what a model warns of into the log", () => {
  const warnings: string[] = [];
  fake = new Fake({}, ["its labels have no names"], {
    ...silent,
    warn: (message) => warnings.push(message),
  });
  expect(warnings).toEqual(["fake: its labels have no names"]);
});

it("ends a request at its deadline, and its work with it", async () => {
  const url = await start();
  const answer = await ask<{ error: { code: string } }>(`${url}/v1/predict`, texts(1), {
    "x-request-timeout-ms": "20",
  });
  expect([answer.status, answer.body.error.code]).toEqual([504, "timeout"]);
  expect(fake.calls[0]!.signal.aborted).toBe(true);
});

it("ends the work of a client that has gone", async () => {
  const url = await start();
  const connection = request(`${url}/v1/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  connection.on("error", () => {});
  connection.end(JSON.stringify(texts(1)));
  await fake.asked(1);
  connection.destroy();
  const { signal } = fake.calls[0]!;
  if (!signal.aborted) await once(signal, "abort");
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^tagformer_cancelled_total 1$/m);
  expect(fake.service.openRequests).toBeLessThanOrEqual(1);
});

it("answers scores that are no numbers with an error", async () => {
  const url = await start();
  fake.value = Number.NaN;
  const answering = ask<{ error_type: string }>(`${url}/predict`, { inputs: "text" });
  await fake.asked(1);
  fake.calls[0]!.answer();
  const { status, body } = await answering;
  expect([status, body.error_type]).toEqual([424, "Backend"]);
});

it("refuses more bytes than may be in memory", async () => {
  const url = await start({ maxInflightBytes: 100, maxBodyBytes: 5000 });
  const first = ask(`${url}/v1/predict`, { texts: "a".repeat(90) });
  expect((await first).status).toBe(429); // it alone is too much
  const second = ask(`${url}/v1/predict`, texts(1));
  await fake.asked(1);
  fake.calls[0]!.answer();
  expect((await second).status).toBe(200);
  while (fake.service.inflightBytes > 0) await new Promise((resolve) => setTimeout(resolve, 1));
});
