// Requests made at random: bodies of another shape, other bytes, other headers, and heads that are no HTTP any more.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { generator } from "../../../src/base/random.js";

/** A body that is right for each route that takes one. */
export const bodies = [
  ["/v1/predict", { texts: ["the parcel", "refund"], truncate: true, windows: false, model: "tiny" }],
  ["/predict", { inputs: [["the parcel"], ["refund"]], raw_scores: true, truncate: null }],
  ["/invocations", { inputs: "the parcel", truncation_direction: "Right" }],
  ["/vertex", { instances: [{ inputs: "the parcel" }] }],
  ["/tokenize", { inputs: ["the parcel"], add_special_tokens: false }],
  ["/", { inputs: "refund", parameters: { top_k: 2 } }],
  ["/v1/moderations", { input: [{ type: "text", text: "refund" }], model: "tiny" }],
  ["/classify", { input: ["refund"], use_activation: true, truncate_prompt_tokens: -1 }],
  ["/models/tiny", { inputs: ["refund"], parameters: { function_to_apply: "softmax" } }],
  ["/v2/models/tiny/infer", { inputs: [{ name: "t", shape: [1], datatype: "BYTES", data: ["refund"] }] }],
] as const satisfies readonly (readonly [string, unknown])[];

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

const contentTypes = [
  ...Array<string>(6).fill("application/json"),
  "application/x-ndjson",
  "application/json; charset=utf-16",
  "text/plain",
  "",
];
const headerNames = [
  "x-request-id",
  "traceparent",
  "authorization",
  "accept",
  "x-request-timeout-ms",
  "user-agent",
  "accept-encoding",
  "content-encoding",
];
const headerValues = [
  "",
  "0",
  "-1",
  "1e9",
  "a b",
  "\u00ff",
  "@huggingface/inference",
  "00-0-0-00",
  "x".repeat(3000),
];

type Random = ReturnType<typeof generator>;

/** What came back. */
interface FuzzAnswer {
  readonly status: number;
  readonly body: string;
  /** What was sent, for a message. */
  readonly sent: string;
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

/** Another value somewhere in a body. */
function mutated(value: unknown, random: Random): unknown {
  if (random.below(4) === 0 || typeof value !== "object" || value === null) return pick(random, values);
  const entries = Object.entries(value);
  if (entries.length === 0) return pick(random, values);
  const at = random.below(entries.length);
  const [name, old] = entries[at]!;
  if (Array.isArray(value)) return value.with(at, mutated(old, random));
  return { ...value, [random.below(5) === 0 ? `${name}x` : name]: mutated(old, random) };
}

/** A few other bytes. */
function damaged(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i <= random.below(3) && copy.length > 0; i++)
    copy[random.below(copy.length)] = random.below(256);
  return copy;
}

function bodyOf(random: Random): { readonly path: string; readonly body: Buffer } {
  const [path, right] = pick<(typeof bodies)[number]>(random, bodies);
  const body = Buffer.from(JSON.stringify(mutated(right, random)) ?? "");
  return { path, body: random.below(3) === 0 ? damaged(body, random) : body };
}

function headersOf(random: Random): Record<string, string> {
  const headers: Record<string, string> = { "content-type": pick(random, contentTypes) };
  for (let i = random.below(3); i > 0; i--) headers[pick(random, headerNames)] = pick(random, headerValues);
  return headers;
}

/** A request that is HTTP, whatever stands in it. */
async function askAny(url: string, agent: Agent, random: Random): Promise<FuzzAnswer> {
  const { path, body } = bodyOf(random);
  const headers = headersOf(random);
  const sent = request(`${url}${path}`, { method: "POST", agent, headers });
  const responding = once(sent, "response");
  sent.end(body);
  const [response] = await responding;
  const label = `${path} ${JSON.stringify(headers)} ${body.toString("latin1").slice(0, 300)}`;
  return { status: response.statusCode, body: await text(response), sent: label };
}

/** The bytes of a request, some of whose head are others. The server closes the connection, unless that was what it was not told. */
async function askDamaged(url: string, random: Random): Promise<FuzzAnswer> {
  const { path, body } = bodyOf(random);
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  const bytes = Buffer.concat([damaged(Buffer.from(head), random), body]);
  const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
    if (/^connection: keep-alive/im.test(answer)) socket.end();
  });
  socket.write(bytes);
  await once(socket, "close");
  const [, status = "0"] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? [];
  return { status: Number(status), body: "", sent: bytes.toString("latin1").slice(0, 500) };
}

/** Statuses that are documented; 0 is a connection that was closed without a word. */
const statuses = new Set([0, 200, 400, 401, 404, 405, 408, 411, 413, 415, 417, 422, 429, 431, 501, 504, 505]);

/** @returns what is wrong with an answer; `undefined` when nothing is */
function faultOf({ status, body }: FuzzAnswer): string | undefined {
  if (!statuses.has(status)) return `the status is ${status}`;
  if (/\bNaN\b|node_modules|\.js:\d|\/(tmp|root|home)\//.test(body)) return "it holds what it should not";
  try {
    for (const line of body.split("\n")) if (line !== "") JSON.parse(line);
  } catch {
    return "it is no JSON";
  }
  return undefined;
}

/**
 * Sends requests made at random, some at once.
 *
 * @param onAnswered told how many were answered so far
 * @throws Error with the first answer that is not as documented, and what was sent
 */
export async function fuzz(
  url: string,
  { count, seed, onAnswered }: { count: number; seed: number; onAnswered?: (count: number) => unknown },
): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  let begun = 0;
  let answered = 0;
  const client = async () => {
    while (begun < count) {
      const random = generator(seed, `request ${begun++}`);
      const answer =
        random.below(20) === 0 ? await askDamaged(url, random) : await askAny(url, agent, random);
      const fault = faultOf(answer);
      if (fault !== undefined)
        throw new Error(`${fault}: ${answer.body.slice(0, 500)}\nsent: ${answer.sent}`);
      await onAnswered?.(++answered);
    }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, client));
  } finally {
    agent.destroy();
  }
}
