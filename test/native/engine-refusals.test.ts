// Batches and configurations that the engine refuses; afterwards it works as before.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { batchOf, config, freshModel, labels, training } from "./tiny-bert.js";

const ids = (...values: number[]) => Int32Array.from(values);

/** Two rows of two tokens. */
const good: LabelledBatch = {
  ids: ids(1, 2, 3, 4),
  offsets: ids(0, 2, 4),
  labels: new Float32Array(2 * labels),
};

describe("a batch", () => {
  let model: NativeModel;
  let run: NativeTraining;
  let logits: Float32Array;
  beforeAll(async () => {
    model = await freshModel();
    logits = await model.predict(good);
    run = await model.startTraining(training);
  });
  afterAll(() => model.dispose());

  it.each<[string, Partial<LabelledBatch>, RegExp]>([
    ["an id beyond the vocabulary", { ids: ids(1, 2, 3, 60) }, /token id 60 .* 0 to 59/],
    ["a negative id", { ids: ids(1, -1, 3, 4) }, /token id -1/],
    ["an empty row", { offsets: ids(0, 4, 4) }, /row 1 has 0 tokens.* 1 to 40/],
    ["a row that is too long", { ids: new Int32Array(41), offsets: ids(0, 41) }, /row 0 has 41 tokens/],
    ["offsets that do not begin with 0", { offsets: ids(1, 2, 4) }, /offsets/],
    ["offsets that end early", { offsets: ids(0, 2, 3) }, /offsets/],
    ["offsets that end late", { offsets: ids(0, 2, 5) }, /offsets/],
    ["offsets that go back", { offsets: ids(0, 3, 2, 4) }, /row 1 has -1 tokens/],
    ["no rows", { ids: ids(), offsets: ids(0) }, /offsets/],
    ["nothing at all", { ids: ids(), offsets: ids() }, /offsets/],
    ["too few segment ids", { types: ids(0, 0, 0) }, /types and ids/],
    ["a segment beyond the model's", { types: ids(0, 0, 2, 0) }, /segment id 2 .* 0 to 1/],
  ])("with %s is refused", async (_, change, message) => {
    const refusal = { code: "INVALID_DATA", message: expect.stringMatching(message) };
    await expect(model.predict({ ...good, ...change })).rejects.toMatchObject(refusal);
    await expect(run.step([{ ...good, ...change, labels: new Float32Array(6) }])).rejects.toMatchObject({
      code: "INVALID_DATA",
    });
    expect(await model.predict(good)).toEqual(logits);
  });

  it.each([0, labels, 2 * labels + 1])("with %i labels for two rows is refused", async (count) => {
    await expect(run.step([{ ...good, labels: new Float32Array(count) }])).rejects.toMatchObject({
      code: "INVALID_DATA",
      message: expect.stringMatching(/2 texts has \d label values; expected 6/),
    });
    expect(await model.predict(good)).toEqual(logits);
  });

  it("with arrays of the wrong kind is refused", async () => {
    const wrong = { ...good, ids: [1, 2, 3, 4] as unknown as Int32Array };
    await expect(model.predict(wrong)).rejects.toThrow(/Int32Array/);
    expect(await model.predict(good)).toEqual(logits);
  });

  it("may be as long as the model allows", async () => {
    expect(model.info.maxLength).toBe(40);
    expect(await model.predict({ ids: new Int32Array(40), offsets: ids(0, 40) })).toHaveLength(labels);
  });
});

describe("a configuration", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["an unknown architecture", { model_type: "gpt2" }, /model_type is "gpt2".*supported are .*bert/],
    [
      "a misspelt architecture",
      { model_type: "robertta" },
      /"robertta", which is not supported; did you mean "roberta"\? Supported are albert, bert, /,
    ],
    ["no architecture", { model_type: null }, /model_type is ""/],
    ["an unknown field", { rope_theta: 10000 }, /rope_theta \(10000\)/],
    [
      "a misspelt field",
      { layer_norm_epsilon: 1e-6 },
      /layer_norm_epsilon \(1e-06\); remove .*; did you mean "layer_norm_eps"\? Supported are .*hidden_act/,
    ],
    ["a missing field", { hidden_size: undefined }, /hidden_size is missing/],
    ["a number out of range", { num_hidden_layers: 0 }, /num_hidden_layers is 0; expected an integer from 1/],
    [
      "a billion layers",
      { num_hidden_layers: 1e9 },
      /num_hidden_layers is .*; expected an integer from 1 to 1000\b/,
    ],
    [
      "a vocabulary of 2^31 tokens",
      { vocab_size: 2 ** 31 },
      /vocab_size is .*; expected an integer from 1 to \d+/,
    ],
    ["a negative width", { hidden_size: -48 }, /hidden_size is -48; expected an integer from 1/],
    ["a fraction", { num_hidden_layers: 1.5 }, /num_hidden_layers is 1.5/],
    ["a text for a number", { hidden_size: "48" }, /hidden_size is "48"/],
    ["dropout of 1", { hidden_dropout_prob: 1 }, /hidden_dropout_prob is 1; expected a number from 0/],
    [
      "heads that do not divide the width",
      { num_attention_heads: 5 },
      /hidden_size is 48.* num_attention_heads, 5/,
    ],
    ["an unknown activation", { hidden_act: "gelu2" }, /hidden_act is "gelu2"; expected one of gelu,/],
    ["relative positions", { position_embedding_type: "relative_key" }, /position_embedding_type/],
    ["a decoder", { is_decoder: true }, /is_decoder is true/],
  ])("with %s is refused", async (_, change, message) => {
    await expect(freshModel({ config: { ...config, ...change } })).rejects.toMatchObject({
      name: "TagformerError",
      code: "INVALID_MODEL",
      message: expect.stringMatching(message),
    });
  });

  it("may hold fields that change nothing or name code, and null", async () => {
    const harmless = {
      architectures: ["BertModel"],
      torch_dtype: "float32",
      rope_theta: null,
      auto_map: { AutoModel: "https://example.com/code--model.Model" },
      _attn_implementation_internal: "example/kernel",
    };
    await using model = await freshModel({ config: { ...config, ...harmless } });
    await using plain = await freshModel();
    expect(await model.predict(good)).toEqual(await plain.predict(good));
  });
});

it("a parameter that is not there is refused by its name", async () => {
  await using model = await freshModel();
  const refusal = { code: "INVALID_OPTION", message: expect.stringMatching(/named bert\.nothing/) };
  await expect(model.parameter("bert.nothing")).rejects.toMatchObject(refusal);
  const run = await model.startTraining(training);
  await expect(run.gradient("bert.nothing")).rejects.toMatchObject(refusal);
  expect(await model.predict(batchOf(2))).toHaveLength(2 * labels);
});
