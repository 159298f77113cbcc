// Every architecture against transformers in PyTorch, over random small configurations; and what config.json may say.
import { describe, expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";
import { describeParity } from "./describe-parity.js";
import { largestDifference, randomBatch, training } from "./models.js";
import { draws, randomCases } from "./random-configs.js";

/** Few for what differs from another model type only in its name. */
const counts: Readonly<Record<string, number>> = { camembert: 2, "xlm-roberta": 2 };
const cases = randomCases(20, (modelType) => counts[modelType] ?? 6);
const noWeights = { tensors: [], seed: 4, precision: "fp32", threads: 1 } as const;

function fresh(config: Record<string, unknown>, labels: number): Promise<NativeModel> {
  return NativeModel.load({ ...noWeights, config, labels });
}

it("is every architecture that the engine knows", async () => {
  const unknown = NativeModel.load({ ...noWeights, config: { model_type: "gpt2" }, labels: 1 });
  const supported = Object.keys(draws).join(", ");
  await expect(unknown).rejects.toMatchObject({
    code: "INVALID_MODEL",
    message: expect.stringContaining(`"gpt2", which is not supported; supported are ${supported}`),
  });
});

describeParity(cases);

describe("config.json", () => {
  const small = Object.fromEntries(cases.map(({ config }) => [config.model_type, config]));

  /** The loss of one training step, with dropout or without. */
  async function lossOf(config: Record<string, unknown>, dropout: boolean): Promise<number> {
    await using model = await fresh({ ...config, initializer_range: 0.3 }, 3);
    const run = await model.startTraining({ ...training, dropout });
    const batch = randomBatch([5, 8, 3], { vocabulary: 20, labels: 3, seed: 1 });
    return (await run.step([batch])).loss;
  }

  it.each([
    ["bert", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["roberta", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["electra", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"]],
    ["albert", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"]],
    ["distilbert", ["dropout", "attention_dropout", "seq_classif_dropout"]],
    ["xlnet", ["dropout", "summary_last_dropout"]],
    ["deberta-v2", ["hidden_dropout_prob", "attention_probs_dropout_prob", "pooler_dropout", "cls_dropout"]],
    ["modernbert", ["embedding_dropout", "attention_dropout", "mlp_dropout", "classifier_dropout"]],
  ])("has a meaning for every dropout rate of %s", async (modelType, fields) => {
    const positions = modelType === "xlnet" ? {} : { max_position_embeddings: 20 };
    const config = { ...small[modelType], ...positions };
    const none = { ...config, ...Object.fromEntries(fields.map((field) => [field, 0])) };
    const plain = await lossOf(none, false);
    expect(await lossOf(none, true)).toBe(plain);
    for (const field of fields) {
      expect(await lossOf({ ...none, [field]: 0.4 }, false), field).toBe(plain);
      expect(Math.abs((await lossOf({ ...none, [field]: 0.4 }, true)) - plain), field).toBeGreaterThan(1e-4);
    }
  });

  it("may ask for sines and cosines as the first positions", async () => {
    const config = { ...small.distilbert, sinusoidal_pos_embds: true, dim: 4, n_heads: 1 };
    await using model = await fresh(config, 1);
    const rows = await model.parameter("distilbert.embeddings.position_embeddings.weight");
    const second = [Math.sin(1), Math.cos(1), Math.sin(0.01), Math.cos(0.01)];
    expect(largestDifference(rows.subarray(0, 8), [0, 1, 0, 1, ...second])).toBeLessThan(1e-6);
  });

  it.each([
    ["bert", { position_embedding_type: "relative_key" }, "position_embedding_type"],
    ["bert", { pad_token_id: -1 }, "pad_token_id is -1; expected an integer from 0 to"],
    ["bert", { embedding_size: 8 }, "not support: embedding_size (8)"],
    ["roberta", { pad_token_id: null }, "pad_token_id is null"],
    ["roberta", { pad_token_id: 3, max_position_embeddings: 4 }, "expected at least pad_token_id + 2"],
    ["electra", { num_attention_heads: 3, hidden_size: 20 }, "expected a multiple of num_attention_heads, 3"],
    ["electra", { hidden_act: "prelu" }, 'hidden_act is "prelu"; expected one of'],
    ["albert", { num_hidden_groups: 2, num_hidden_layers: 1 }, "num_hidden_groups is 2"],
    ["albert", { gap_size: 1 }, "gap_size is 1"],
    ["albert", { classifier_dropout: 0.1 }, "not support: classifier_dropout (0.1)"],
    ["deberta-v2", { pos_att_type: ["c2p", "p2p"] }, 'pos_att_type is "p2p"; expected one of c2p, p2c'],
    ["deberta-v2", { norm_rel_ebd: "batch_norm" }, 'norm_rel_ebd is "batch_norm"'],
    ["deberta-v2", { position_buckets: 1 }, "position_buckets is 1; expected"],
    ["deberta-v2", { position_buckets: 16, max_relative_positions: 9 }, "position_buckets is 16; expected"],
    ["deberta-v2", { conv_kernel_size: 4 }, "conv_kernel_size is 4; expected an odd number"],
    ["deberta-v2", { pooler_hidden_size: 3 }, "pooler_hidden_size is 3"],
    ["deberta-v2", { attention_head_size: 999 }, "attention_head_size is 999"],
    ["deberta-v2", { summary_type: "first" }, 'not support: summary_type ("first")'],
    ["distilbert", { hidden_size: 16 }, "not support: hidden_size (16)"],
    ["distilbert", { n_heads: 3, dim: 20 }, "dim is 20; expected a multiple of n_heads, 3"],
    ["modernbert", { hidden_size: 20, num_attention_heads: 4 }, "num_attention_heads is 5; expected an even"],
    ["modernbert", { classifier_pooling: "max" }, 'classifier_pooling is "max"; expected one of cls, mean'],
    ["modernbert", { layer_types: ["full_attention"], num_hidden_layers: 2 }, "layer_types has 1 entries"],
    ["modernbert", { layer_types: ["causal"] }, 'layer_types is "causal"; expected one of full_attention,'],
    ["modernbert", { rope_parameters: { rope_theta: 1e4 } }, "not support: rope_parameters.rope_theta"],
    [
      "modernbert",
      { rope_parameters: { full_attention: { rope_type: "yarn" } } },
      'rope_parameters.full_attention.rope_type is "yarn"; expected one of default, linear',
    ],
    [
      "modernbert",
      { rope_parameters: { sliding_attention: { rope_type: "default", factor: 2 } } },
      "not support: rope_parameters.sliding_attention.factor (2)",
    ],
  ])("is refused for %s with %j", async (modelType, fields, problem) => {
    const loading = fresh({ ...small[modelType], ...fields }, 1);
    await expect(loading).rejects.toMatchObject({
      code: "INVALID_MODEL",
      message: expect.stringContaining(problem),
    });
  });

  it.each([
    { pruned_heads: {} },
    { unheard_of: false },
    { unheard_of: "" },
    { unheard_of: [] },
    { unheard_of: null },
  ])("may have a field that says nothing: %j", async (fields) => {
    await using model = await fresh({ ...small.bert, ...fields }, 1);
    expect(model.info.labels).toBe(1);
    await expect(fresh({ ...small.bert, unheard_of: { 0: [1] } }, 1)).rejects.toThrow(
      "unheard_of (an object)",
    );
  });

  it("may say that no token is padding, whose embedding is then trained", async () => {
    const batch = randomBatch([4], { vocabulary: 1, labels: 1, seed: 1 }); // four times token 0
    const gradientOfPadding = async (pad_token_id: number | null) => {
      await using model = await fresh({ ...small.bert, pad_token_id, initializer_range: 0.3 }, 1);
      const run = await model.startTraining(training);
      await run.computeGradients(batch);
      const gradient = await run.gradient("bert.embeddings.word_embeddings.weight");
      return gradient.some((x) => x !== 0);
    };
    expect(await gradientOfPadding(0)).toBe(false);
    expect(await gradientOfPadding(null)).toBe(true);
  });
});
