// Python's clients of the same protocols.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";
import { ensureClientsPython } from "../../../scripts/parity-python.mjs";
import { key, servers, text } from "./servers.js";

const started = servers();
let python: string;
beforeAll(async () => {
  python = await ensureClientsPython();
});

interface Found {
  readonly huggingFace: readonly { readonly label: string; readonly score: number }[];
  readonly best: readonly { readonly label: string; readonly score: number }[];
  readonly moderation: {
    readonly flagged: boolean;
    readonly categories: Readonly<Record<string, boolean>>;
    readonly category_scores: Readonly<Record<string, number>>;
  };
  readonly models: readonly string[];
  readonly errors: readonly (readonly [string, number])[];
}

it("huggingface_hub and openai read what the server answers, and raise their own errors", async () => {
  const { stdout } = await promisify(execFile)(
    python,
    ["test/e2e/serve-clients/clients.py", started.keyed.url, started.busy.url, key, text],
    { env: { ...process.env, HF_HUB_OFFLINE: "0", PYTHONDONTWRITEBYTECODE: "1" } },
  );
  const found = JSON.parse(stdout) as Found;
  const { scores, labels } = await started.classifier.predict(text);
  const sorted = Object.entries(scores).sort(([, a], [, b]) => b - a);
  expect(found.huggingFace.map(({ label, score }) => [label, score])).toEqual(sorted);
  expect(found.best.map(({ label }) => label)).toEqual([sorted[0]![0]]);
  expect(found.moderation.category_scores).toMatchObject(scores);
  expect(found.moderation.flagged).toBe(labels.length > 0);
  expect(found.models).toEqual(["tiny"]);
  expect(found.errors).toEqual([
    ["HfHubHTTPError", 401],
    ["HfHubHTTPError", 429],
    ["AuthenticationError", 401],
    ["RateLimitError", 429],
  ]);
});
