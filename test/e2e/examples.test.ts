// Every example runs as its head comment says, with a model that is made here.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Prediction } from "../../src/predict/prediction.js";
import { testDevice } from "../test-device.js";
import {
  csvOf,
  finish,
  labelNames,
  temporaryFolder,
  tinyDataset,
  tinyRun,
  tinySource,
} from "../unit/training/tiny-run.js";
import { type Outcome, root, run } from "./package.js";

const folder = temporaryFolder();
const rows = 3000; // three chunks of readTexts
let model: string;
let table: string;

beforeAll(async () => {
  model = (await finish(tinyRun({ epochs: 2 }))).end.directory;
  table = join(folder, "texts.csv");
  writeFileSync(table, csvOf(tinyDataset(rows)));
});

function example(name: string, ...parameters: string[]): Outcome {
  return run(process.execPath, [join("examples", name), ...parameters], root);
}

describe("train-with-events", () => {
  it("trains and shows each step and epoch", () => {
    const output = join(folder, "trained");
    const { status, stdout, stderr } = example(
      "train-with-events.mjs",
      table,
      tinySource().config,
      output,
      "1",
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^2700 rows to train on, 300 held back, 338 steps$/m);
    expect(stdout.match(/^learning rate \S+, \d+ steps: loss \d\.\d{4}$/gm)).toHaveLength(4 + 2);
    // The run goes on where the best trial, of a quarter of its steps, has ended.
    expect(stdout.match(/^step \d+: loss \d+\.\d{4}, \d+ tokens$/gm)).toHaveLength(338 - 85);
    expect(stdout).toContain("\nstep 338: ");
    expect(stdout).toMatch(/^epoch 1: loss \d+\.\d{4}, micro-F1 [01]\.\d{4}$/m);
    expect(stdout).toContain(`finished; the model is in ${output}\n`);
  });

  it("shows an error in one line", () => {
    const { status, stderr } = example("train-with-events.mjs", join(folder, "none.csv"), model, folder);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^IO: .*none\.csv.*\n$/);
  });
});

describe("stream-predict", () => {
  it("writes a prediction for every row, in order", () => {
    const output = join(folder, "predictions.jsonl");
    const { status, stdout, stderr } = example("stream-predict.mjs", model, table, output);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^3000 rows, \d+ MiB$/m);
    const lines = readFileSync(output, "utf8").trimEnd().split("\n");
    const predictions = lines.map(
      (line) => JSON.parse(line) as { id: string; scores: Record<string, number> },
    );
    expect(predictions.map(({ id }) => id)).toEqual(Array.from({ length: rows }, (_, row) => `r${row}`));
    expect(Object.keys(predictions[0]!.scores)).toEqual(labelNames);
  });
});

describe("worker-pool", () => {
  it("counts the same labels with one worker and with three", () => {
    const [one, three] = ["1", "3"].map((workers) => example("worker-pool.mjs", model, table, workers));
    expect(one).toMatchObject({ status: 0, stderr: "" });
    expect(three).toMatchObject({ status: 0, stderr: "" });
    const counts = JSON.parse(one!.stdout) as Record<string, number>;
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    expect(JSON.parse(three!.stdout)).toEqual(counts);
  });
});

describe("fastify-service", () => {
  it("answers beside its own routes, refuses what has no texts, and ends by itself after SIGTERM", async () => {
    const { service, address } = await startService();
    const ended = once(service, "exit");
    expect(await (await fetch(address)).json()).toEqual({ classifier: "/classifier/" });

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => classify(address, { texts: ["my parcel", ""] })),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expectAlike(body.predictions, answers[0]!.body.predictions);
      expect(body.predictions).toHaveLength(2);
    }
    expect((await classify(address, { text: "my parcel" })).status).toBe(400);
    expect((await classify(address, { texts: [] })).status).toBe(400);

    const underWay = classify(address, { texts: Array.from({ length: 32 }, () => "my refund") });
    await fetch(address); // answered after the one before was taken
    service.kill("SIGTERM");
    expect((await underWay).body.predictions).toHaveLength(32);
    expect(await ended).toEqual([0, null]);
  });

  it("has the playground below its prefix", async () => {
    const { address } = await startService();
    const headers = { accept: "text/html" };
    const page = await fetch(`${address}/classifier`, { headers });
    expect(page.url).toBe(`${address}/classifier/`);
    const text = await page.text();
    for (const [, file] of text.matchAll(/(?:href|src)="(playground\/[^"]+)"/g)) {
      expect((await fetch(new URL(file!, page.url))).status, file).toBe(200);
    }
    const docs = await fetch(new URL("docs", page.url));
    expect(await docs.text()).toContain("POST /v1/predict");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});

/** The same to the last bit on the CPU; a device's products of matrices depend on their sizes. */
function expectAlike(predictions: readonly Prediction[], others: readonly Prediction[]): void {
  if (testDevice === "cpu") {
    expect(predictions).toEqual(others);
    return;
  }
  for (const [text, { labels, scores }] of predictions.entries()) {
    expect(labels).toEqual(others[text]!.labels);
    for (const [label, score] of Object.entries(scores))
      expect(score, label).toBeCloseTo(others[text]!.scores[label]!, 6);
  }
}

async function startService(): Promise<{ service: ChildProcess; address: string }> {
  const service = spawn(process.execPath, ["examples/fastify-service/server.mjs", model, "0"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void service.kill("SIGKILL"));
  const [line] = (await once(service.stdout!, "data")) as [Buffer];
  return { service, address: /http:\S+/.exec(line.toString())![0] };
}

async function classify(
  address: string,
  request: unknown,
): Promise<{ status: number; body: { predictions: Prediction[] } }> {
  const response = await fetch(`${address}/classifier/v1/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return { status: response.status, body: (await response.json()) as { predictions: Prediction[] } };
}
