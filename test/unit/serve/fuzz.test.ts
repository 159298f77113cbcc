// Requests made at random: every one is answered by a status that is documented, in JSON, and the server goes on.
import { expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { ask, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ maxBodyBytes: 20_000, maxTextCharacters: 5000 });

const bodies = [
  ["/v1/predict", { texts: ["the parcel", "refund"], truncate: true, model: "tiny" }],
  ["/predict", { inputs: [["the parcel"], ["refund"]], raw_scores: true, truncate: null }],
  ["/vertex", { instances: [{ inputs: "the parcel" }] }],
  ["/tokenize", { inputs: ["the parcel"], add_special_tokens: false }],
  ["/", { inputs: "refund", parameters: { top_k: 2 } }],
  ["/v1/moderations", { input: [{ type: "text", text: "refund" }], model: "tiny" }],
  ["/classify", { input: ["refund"], use_activation: true, truncate_prompt_tokens: -1 }],
  ["/models/tiny", { inputs: ["refund"], parameters: { function_to_apply: "softmax" } }],
  ["/v2/models/tiny/infer", { inputs: [{ name: "t", shape: [1], datatype: "BYTES", data: ["refund"] }] }],
] as const;

const values = [
  null,
  true,
  0,
  -1,
  1.5,
  "",
  "\ud800",
  "\u0000",
  [],
  {},
  [[]],
  [[[]]],
  ["a", 1],
  { a: { b: [] } },
  "x".repeat(6000),
];
const statuses = [200, 400, 404, 413, 415, 422];

type Random = ReturnType<typeof generator>;

/** Another value somewhere in a body. */
function mutated(value: unknown, random: Random): unknown {
  if (random.below(4) === 0 || typeof value !== "object" || value === null)
    return values[random.below(values.length)];
  const entries = Object.entries(value);
  if (entries.length === 0) return values[random.below(values.length)];
  const at = random.below(entries.length);
  const [name, old] = entries[at]!;
  if (Array.isArray(value)) return value.with(at, mutated(old, random));
  return { ...value, [random.below(5) === 0 ? `${name}x` : name]: mutated(old, random) };
}

/** A few other bytes. */
function damaged(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text);
  for (let i = 0; i <= random.below(3); i++) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

it("answers a thousand damaged requests", async () => {
  const random = generator(1, "fuzz of requests");
  const types = [
    "application/json",
    "application/json",
    "application/json",
    "application/x-ndjson",
    "text/plain",
  ];
  for (let i = 0; i < 1000; i++) {
    const [path, body] = bodies[random.below(bodies.length)]!;
    const json = JSON.stringify(mutated(body, random)) ?? "";
    const sent = random.below(3) === 0 && json !== "" ? damaged(json, random) : Buffer.from(json);
    const answer = await fetch(`${tiny.server.url}${path}`, {
      method: "POST",
      headers: { "content-type": types[random.below(types.length)]! },
      body: new Uint8Array(sent),
    });
    const text = await answer.text();
    expect(statuses, `${path} ${sent.toString("latin1")} ${text}`).toContain(answer.status);
    for (const line of text.split("\n").filter((one) => one !== ""))
      expect(() => JSON.parse(line)).not.toThrow();
    expect(text).not.toContain("NaN");
    expect(text).not.toMatch(/\/(tmp|root|home)\//);
  }
  expect((await ask(`${tiny.server.url}/v1/predict`, { texts: "a" })).status).toBe(200);
});
