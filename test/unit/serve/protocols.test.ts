// The protocols of others, request by request as their clients send them. Every score is one that the classifier itself gives.
import { beforeAll, describe, expect, it } from "vitest";
import type { Prediction } from "../../../src/predict/prediction.js";
import { ask, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ maxClientBatch: 4 });
const texts = ["the parcel is here", "refund please", "hello \u{1f600} login"];
const [one] = texts;
const long = "a ".repeat(50);

let predictions: Prediction[];
let logits: Float32Array;

beforeAll(async () => {
  predictions = await tiny.classifier.predict(texts);
  logits = await tiny.classifier.logits(texts);
});

const to = <Body = Record<string, unknown>>(path: string, body?: unknown, headers?: Record<string, string>) =>
  ask<Body>(`${tiny.server.url}${path}`, body, headers);

interface Scores {
  readonly label: string;
  readonly score: number;
}

/** Label and score of a text, the most probable label first. */
const ranked = ({ scores }: Prediction): Scores[] =>
  Object.entries(scores)
    .map(([label, score]) => ({ label, score }))
    .sort((a, b) => b.score - a.score);
const asFloats = (scores: readonly Scores[]) =>
  scores.map(({ label, score }) => ({ label, score: Math.fround(score) }));
const logitsOf = (text: number) => {
  const { labels } = tiny.classifier;
  return Object.fromEntries(labels.map((label, i) => [label, logits[text * labels.length + i]!]));
};

describe("text-embeddings-inference", () => {
  it.each(["/predict", "/invocations", "/"])("%s answers one text flat, in short numbers", async (path) => {
    for (const inputs of [one, [one]]) {
      const { status, body, headers } = await to<Scores[]>(path, { inputs, unknown: 1 });
      expect(status).toBe(200);
      expect(asFloats(body)).toEqual(ranked(predictions[0]!));
      for (const { score } of body) expect(String(score).length).toBeLessThan(13);
      expect(headers.get("x-compute-type")).toBe("cpu");
      for (const name of ["compute-time", "total-time", "tokenization-time", "queue-time", "inference-time"])
        expect(headers.get(`x-${name}`)).toMatch(/^\d+$/);
      expect(Number(headers.get("x-compute-tokens"))).toBe(predictions[0]!.tokens.read);
      expect(Number(headers.get("x-compute-characters"))).toBe(one!.length);
    }
  });

  it("answers a batch with a list for each text", async () => {
    const { body } = await to<Scores[][]>("/predict", { inputs: texts.map((text) => [text]) });
    expect(body.map(asFloats)).toEqual(predictions.map(ranked));
  });

  it("gives logits when asked", async () => {
    const { body } = await to<Scores[]>("/predict", { inputs: one, raw_scores: true });
    const values = Object.fromEntries(body.map(({ label, score }) => [label, Math.fround(score)]));
    expect(values).toEqual(logitsOf(0));
  });

  it("answers Vertex's instances", async () => {
    const { body } = await to<{ predictions: unknown[] }>("/vertex", {
      instances: [{ inputs: one }, { inputs: [[texts[1]]] }],
    });
    expect(body.predictions).toHaveLength(2);
    expect(asFloats(body.predictions[0] as Scores[])).toEqual(ranked(predictions[0]!));
    expect((body.predictions[1] as Scores[][]).map(asFloats)).toEqual([ranked(predictions[1]!)]);
  });

  it("cuts long texts and says so, or refuses them", async () => {
    const cut = await to("/predict", { inputs: [[long], ["a"]] });
    expect([cut.status, cut.headers.get("x-truncated-texts")]).toEqual([200, "1"]);
    const refused = await to("/predict", { inputs: long, truncate: false });
    expect([refused.status, refused.body.error_type]).toEqual([422, "Validation"]);
  });

  it.each([
    [{ inputs: "" }, 400, "Empty", "Input validation error: `inputs` cannot be empty"],
    [{ inputs: [["a"], [""]] }, 400, "Empty", "Input validation error: `inputs` cannot be empty"],
    [{ inputs: ["a", "b"] }, 422, "Validation", /pair of texts/],
    [{ inputs: [["a", "b"]] }, 422, "Validation", /pair of texts/],
    [{ inputs: ["a", "b", "c"] }, 422, "Validation", /pair of texts/],
    [{ inputs: [] }, 422, "Validation", /without a text/],
    [
      { inputs: [..."abcde"].map((text) => [text]) },
      422,
      "Validation",
      "batch size 5 > maximum allowed batch size 4",
    ],
    [{ inputs: 3 }, 422, "Validation", /`inputs`: expected/],
    [
      { inputs: "a", truncation_direction: "Left" },
      422,
      "Validation",
      /`truncation_direction`: expected right/,
    ],
    ["{", 400, "Validation", "the body is not JSON"],
  ])("refuses %j", async (request, status, type, message) => {
    const { body, ...answer } = await to<{ error: string; error_type: string }>("/predict", request);
    expect([answer.status, body.error_type]).toEqual([status, type]);
    expect(body.error).toMatch(message);
  });

  it("tokenizes, with places in characters", async () => {
    const { body } = await to<Record<string, unknown>[][]>("/tokenize", { inputs: texts[2] });
    expect(body[0]!.map(({ text }) => text)).toEqual(["[CLS]", "hello", "\u{1f600}", "login", "[SEP]"]);
    expect(body[0]![3]).toMatchObject({ special: false, start: 8, stop: 13 });
    expect(body[0]![0]).toMatchObject({ special: true, start: null, stop: null });
    const bare = await to<unknown[][]>("/tokenize", { inputs: [texts[2], "a"], add_special_tokens: false });
    expect(bare.body.map((tokens) => tokens.length)).toEqual([3, 1]);
  });

  it("says what is served", async () => {
    const { body } = await to("/info");
    expect(body).toMatchObject({ served_model_name: "tiny", max_input_length: 32, max_client_batch_size: 4 });
    const { classifier } = body.model_type as { classifier: { label2id: Record<string, number> } };
    expect(Object.keys(classifier.label2id)).toEqual(tiny.classifier.labels);
  });
});

describe("OpenAI", () => {
  interface Moderation {
    readonly id: string;
    readonly model: string;
    readonly results: readonly {
      readonly flagged: boolean;
      readonly categories: Record<string, boolean>;
      readonly category_scores: Record<string, number>;
    }[];
  }

  it("moderates by the model's thresholds", async () => {
    const { body } = await to<Moderation>("/v1/moderations", {
      input: texts,
      model: "omni-moderation-latest",
    });
    expect(body.id).toMatch(/^modr-/);
    expect(body.model).toBe("tiny");
    for (const [i, { flagged, categories, category_scores }] of body.results.entries()) {
      const { scores, labels } = predictions[i]!;
      expect(category_scores).toEqual(scores);
      expect(Object.keys(categories).filter((label) => categories[label])).toEqual(labels);
      expect(flagged).toBe(labels.length > 0);
    }
  });

  it("takes one text, and one in parts", async () => {
    const whole = await to<Moderation>("/v1/moderations", { input: one });
    const parts = [{ type: "text", text: one }];
    const inParts = await to<Moderation>("/v1/moderations", { input: parts, model: "tiny" });
    expect(whole.body.results[0]!.category_scores).toEqual(predictions[0]!.scores);
    expect(inParts.body.results).toEqual(whole.body.results);
  });

  it.each([
    [{ input: [{ type: "image_url", image_url: { url: "x" } }] }, 400, "input", /reads text alone/],
    [{ input: [] }, 400, "input", /has no text/],
    [{ input: "a", model: "gpt" }, 404, "model", /no model "gpt"/],
    [{}, 400, "input", /`input`: expected/],
    [{ input: [..."abcde"] }, 400, "input", /batch size/],
  ])("refuses %j", async (request, status, param, message) => {
    const { body, ...answer } = await to<{ error: Record<string, string> }>("/v1/moderations", request);
    expect([answer.status, body.error.param, body.error.type]).toEqual([
      status,
      param,
      "invalid_request_error",
    ]);
    expect(body.error.message).toMatch(message);
  });

  it("lists the models", async () => {
    const { body } = await to<{ data: Record<string, unknown>[] }>("/v1/models");
    expect(body.data).toMatchObject([{ id: "tiny", object: "model", owned_by: "tagformer" }]);
    expect(body.data[0]!.labels).toEqual(tiny.classifier.info.labels);
    expect((await to("/v1/models/tiny")).body).toEqual(body.data[0]);
    expect((await to("/v1/models/other")).status).toBe(404);
  });
});

describe.each(["/classify", "/v1/classify"])("vLLM and SGLang's %s", (path) => {
  interface Classes {
    readonly data: readonly { probs: number[]; label: string; labels: string[]; scores: object }[];
    readonly usage: Record<string, number>;
  }

  it("names all scores and the labels that are given", async () => {
    const { body } = await to<Classes>(path, { input: texts, model: "tiny" });
    for (const [i, { probs, label, labels, scores }] of body.data.entries()) {
      expect(probs).toEqual(Object.values(predictions[i]!.scores));
      expect(scores).toEqual(predictions[i]!.scores);
      expect(labels).toEqual(predictions[i]!.labels);
      expect(label).toBe(ranked(predictions[i]!)[0]!.label);
    }
    const read = predictions.reduce((sum, { tokens }) => sum + tokens.read, 0);
    expect(body.usage).toMatchObject({ prompt_tokens: read, total_tokens: read, cut_tokens: 0 });
  });

  it("gives logits without the activation", async () => {
    const { body } = await to<Classes>(path, { input: one, use_activation: false });
    expect(body.data[0]!.scores).toEqual(logitsOf(0));
  });

  it("refuses token ids", async () => {
    const { body, status } = await to<{ error: { message: string } }>(path, { input: [1, 2] });
    expect(status).toBe(400);
    expect(body.error.message).toMatch(/token ids/);
  });
});

describe("Hugging Face's inference API", () => {
  it.each(["/models/tiny", "/pipeline/text-classification", "/pipeline/text-classification/tiny"])(
    "%s answers one text nested",
    async (path) => {
      const { body } = await to<Scores[][]>(path, { inputs: one });
      expect(body).toEqual([ranked(predictions[0]!)]);
    },
  );

  it("answers at / when the client is theirs", async () => {
    const agent = { "user-agent": "@huggingface/inference/4.13.30" };
    expect((await to("/", { inputs: one }, agent)).body).toEqual([ranked(predictions[0]!)]);
    const { body } = await to<Scores[][]>("/", { inputs: one, parameters: { top_k: 1 } });
    expect(body).toEqual([ranked(predictions[0]!).slice(0, 1)]);
  });

  it("applies the function that is asked for", async () => {
    const ask = async (name: string) => {
      const parameters = { function_to_apply: name };
      const { body } = await to<Scores[][]>("/models/tiny", { inputs: texts, parameters });
      return body.map((row) => Object.fromEntries(row.map(({ label, score }) => [label, score])));
    };
    expect(await ask("none")).toEqual(texts.map((_, i) => logitsOf(i)));
    for (const row of await ask("softmax"))
      expect(Object.values(row).reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 5);
  });

  it("refuses with a sentence", async () => {
    const { body, status } = await to<{ error: string }>("/models/tiny", {
      inputs: one,
      parameters: { top_k: 0 },
    });
    expect(status).toBe(400);
    expect(body.error).toMatch(/`parameters`: expected at least 1/);
    expect((await to("/models/none", { inputs: one })).status).toBe(404);
    expect((await to("/", { inputs: one, parameters: { top_k: 0 } })).status).toBe(422);
  });
});

describe("the Open Inference Protocol", () => {
  const input = { name: "text", shape: [3], datatype: "BYTES", data: texts };

  it("infers", async () => {
    const request = { id: "7", inputs: [input], outputs: [{ name: "logits" }, { name: "probabilities" }] };
    const { body } = await to<{ id: string; outputs: { name: string; shape: number[]; data: number[] }[] }>(
      "/v2/models/tiny/infer",
      request,
    );
    expect(body).toMatchObject({ id: "7", model_name: "tiny" });
    const [raw, probabilities] = body.outputs;
    expect(raw).toMatchObject({ name: "logits", datatype: "FP32", shape: [3, 3] });
    expect(Float32Array.from(raw!.data)).toEqual(logits);
    expect(probabilities!.data).toEqual(predictions.flatMap(({ scores }) => Object.values(scores)));
  });

  it("describes server and model", async () => {
    expect((await to("/v2")).body).toMatchObject({ name: "tagformer" });
    expect((await to("/v2/models/tiny")).body).toMatchObject({
      name: "tiny",
      inputs: [{ datatype: "BYTES", shape: [-1] }],
      parameters: { labels: tiny.classifier.labels },
    });
    expect((await to("/v2/models/tiny/ready")).body).toEqual({ name: "tiny", ready: true });
  });

  it.each([
    [{ inputs: [{ ...input, shape: [2] }] }, 400, /shape \[2\], but 3 texts/],
    [{ inputs: [{ ...input, datatype: "FP32" }] }, 400, /datatype FP32; expected BYTES/],
    [{ inputs: [input, input] }, 400, /2 tensors/],
    [{ inputs: [input], outputs: [{ name: "x" }] }, 400, /`outputs`/],
  ])("refuses %j", async (request, status, message) => {
    const { body, ...answer } = await to<{ error: string }>("/v2/models/tiny/infer", request);
    expect(answer.status).toBe(status);
    expect(body.error).toMatch(message);
  });

  it("knows the version that serves", async () => {
    const at = "/v2/models/tiny/versions/1";
    expect((await to(at)).body).toMatchObject({ name: "tiny", versions: ["1"] });
    expect((await to(`${at}/ready`)).body).toEqual({ name: "tiny", ready: true });
    const versioned = await to(`${at}/infer`, { inputs: [input] });
    expect(versioned.body).toMatchObject({ model_name: "tiny", model_version: "1" });
    expect(versioned.body).toEqual((await to("/v2/models/tiny/infer", { inputs: [input] })).body);
  });

  it("knows no other model or version", async () => {
    expect((await to("/v2/models/other")).status).toBe(404);
    expect(await to("/v2/models/tiny/versions/2")).toMatchObject({
      status: 404,
      body: { error: 'the model "tiny" has no version "2"; it has "1"' },
    });
    const { status } = await to("/v2/models/tiny/versions/2/infer", { inputs: [input] });
    expect(status).toBe(404);
  });
});
