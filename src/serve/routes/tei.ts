// The protocol of text-embeddings-inference (router/src/http/types.rs), for its clients. Models here are multi-label: scores are
// sigmoids, where text-embeddings-inference would take a softmax.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { packageVersion } from "../../base/package.js";
import type { SeenToken } from "../../predict/seen-tokens.js";
import type { RequestContext } from "../context.js";
import { ServeError } from "../errors.js";
import { descending, shortFloat } from "../numbers.js";
import { get, type Operation, post } from "../operation.js";
import { rowOf, type Scored } from "../scored.js";
import type { Service } from "../service.js";

const inputs = z.union([z.string(), z.array(z.string()), z.array(z.array(z.string()))]);

export const predictBody = z.object({
  inputs: inputs.describe('"text", ["text"], or several as [["text"], ["text"]]'),
  truncate: z.boolean().nullish().describe("cut long texts; false refuses them (default: true)"),
  truncation_direction: z
    .enum(["right", "Right"], { error: "expected right: texts are cut at their end" })
    .nullish()
    .describe("texts are cut at their end"),
  raw_scores: z.boolean().nullish().describe("logits instead of probabilities"),
});

export type PredictBody = z.output<typeof predictBody>;

const vertexBody = z.object({ instances: z.array(predictBody).min(1) });

const tokenizeBody = z.object({
  inputs: z.union([z.string(), z.array(z.string())]),
  add_special_tokens: z.boolean().nullish().describe("with special tokens (default: true)"),
});

export function teiOperations(service: Service): Operation[] {
  const predict = (path: string, summary: string) =>
    post({ path, protocol: "tei", summary, body: predictBody }, async ({ body, context, reply }) => {
      const [answer] = await answerAll(service, context, reply, [body]);
      return answer;
    });
  return [
    predict("/predict", "Classify as text-embeddings-inference does"),
    predict("/invocations", "The same, for SageMaker"),
    post(
      { path: "/vertex", protocol: "tei", summary: "The same, for Vertex AI", body: vertexBody },
      async ({ body, context, reply }) => ({
        predictions: await answerAll(service, context, reply, body.instances),
      }),
    ),
    post(
      { path: "/tokenize", protocol: "tei", summary: "The tokens of texts", body: tokenizeBody },
      async ({ body, context }) => {
        const texts = [body.inputs].flat();
        const tokens = await service.tokens(context, { texts, field: "inputs" });
        const withSpecial = body.add_special_tokens ?? true;
        return texts.map((text, i) => tokensOf(text, tokens[i]!, withSpecial));
      },
    ),
    get({ path: "/info", protocol: "tei", summary: "What is served, and within which limits" }, () =>
      infoOf(service),
    ),
  ];
}

/** Answers to some requests that come as one: all are computed, or none. */
export async function answerAll(
  service: Service,
  context: RequestContext,
  reply: FastifyReply,
  bodies: readonly PredictBody[],
): Promise<unknown[]> {
  const parts = bodies.map(({ inputs }) => textsOf(inputs));
  const texts = parts.flatMap((part) => part.texts);
  const [truncate = true, ...others] = new Set(bodies.map((body) => body.truncate ?? true));
  if (others.length > 0) throw new ServeError("invalid", "`truncate` has to be the same for all instances");
  const scored = await service.score(context, { texts, truncate, field: "inputs" });
  reply.headers(headersOf(scored, context));
  let first = 0;
  return parts.map(({ texts, isOne }, i) => {
    const raw = bodies[i]!.raw_scores ?? false;
    const answers = texts.map((_, text) => scoresOf(scored, first + text, raw));
    first += texts.length;
    return isOne ? answers[0] : answers;
  });
}

/** The texts of `inputs`, and whether they are one text instead of a batch. */
function textsOf(inputs: PredictBody["inputs"]): { readonly texts: string[]; readonly isOne: boolean } {
  if (typeof inputs === "string") return { texts: [oneText([inputs])], isOne: true };
  const rows = inputs.filter((row) => typeof row !== "string");
  if (rows.length > 0) return { texts: rows.map(oneText), isOne: false };
  return { texts: [oneText(inputs as string[])], isOne: true };
}

function oneText(row: readonly string[]): string {
  const [text, ...others] = row;
  if (text === undefined) throw new ServeError("invalid", "`inputs` has a list without a text");
  if (others.length > 0) {
    throw new ServeError(
      "invalid",
      '`inputs` has a pair of texts, and this model takes single ones; several texts are written [["a"], ["b"]]',
      { param: "inputs" },
    );
  }
  if (text === "") throw new ServeError("empty", "Input validation error: `inputs` cannot be empty");
  return text;
}

function scoresOf(scored: Scored, text: number, raw: boolean): { score: number; label: string }[] {
  const values = raw ? rowOf(scored, text, scored.logits) : rowOf(scored, text);
  return descending(values).map((i) => ({ score: shortFloat(values[i]!), label: scored.labels[i]! }));
}

/** What text-embeddings-inference measures, in whole milliseconds. */
function headersOf({ tokens, times, device }: Scored, { arrived, asked }: RequestContext) {
  const { tokenizing, waiting, computing } = times;
  const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  const values = {
    "x-compute-type": device,
    "x-compute-time": tokenizing + waiting + computing,
    "x-compute-characters": sum((asked?.texts ?? []).map((text) => text.length)),
    "x-compute-tokens": sum(tokens.read),
    "x-total-time": performance.now() - arrived,
    "x-tokenization-time": tokenizing,
    "x-queue-time": waiting,
    "x-inference-time": computing,
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === "number" ? String(Math.round(value)) : value,
    ]),
  );
}

/** Tokens with their places in characters (code points), as Rust counts them. */
function tokensOf(text: string, tokens: readonly SeenToken[], withSpecial: boolean) {
  const characters = characterIndex(text);
  return tokens
    .filter(({ special }) => withSpecial || !special)
    .map(({ id, token, start, end, special }) => ({
      id,
      text: special ? token : text.slice(start, end),
      special,
      start: special ? null : characters(start),
      stop: special ? null : characters(end),
    }));
}

/** Tells how many characters stand before a code unit. */
function characterIndex(text: string): (unit: number) => number {
  if (!/[\u{10000}-\u{10ffff}]/u.test(text)) return (unit) => unit;
  const before = new Uint32Array(text.length + 1);
  let count = 0;
  let unit = 0;
  for (const character of text) {
    before.fill(count, unit, unit + character.length);
    unit += character.length;
    count++;
  }
  before[text.length] = count;
  return (at) => before[at]!;
}

/** Of the first model. */
function infoOf({ models, limits }: Service) {
  const { name, slot } = models.first;
  const { info } = slot.current;
  const names = info.labels.map((label) => label.name);
  return {
    model_id: info.name ?? name,
    model_sha: info.revision,
    model_dtype: info.precision,
    served_model_name: name,
    model_type: {
      classifier: {
        id2label: Object.fromEntries(names.map((label, i) => [String(i), label])),
        label2id: Object.fromEntries(names.map((label, i) => [label, i])),
      },
    },
    max_input_length: info.maxLength,
    max_client_batch_size: limits.maxClientBatch,
    auto_truncate: true,
    version: packageVersion(),
  };
}
