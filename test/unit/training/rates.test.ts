import { describe, expect, it } from "vitest";
import { learningRateFactors } from "../../../src/training/rates.js";
import { errorOf } from "./tiny-run.js";

const plain = { layerDecay: 1, freezeEmbeddings: false, freezeLayers: 0 };

/** Parameters of transformers' models: the embeddings, the first layer, the last, and what lies above. */
const models: readonly (readonly [string, readonly string[]])[] = [
  [
    "BERT",
    [
      "bert.embeddings.LayerNorm.bias",
      "bert.encoder.layer.0.output.dense.weight",
      "bert.encoder.layer.1.output.dense.weight",
      "bert.pooler.dense.weight",
    ],
  ],
  [
    "DistilBERT",
    [
      "distilbert.embeddings.word_embeddings.weight",
      "distilbert.transformer.layer.0.ffn.lin1.bias",
      "distilbert.transformer.layer.1.ffn.lin1.bias",
      "pre_classifier.bias",
    ],
  ],
  [
    "ALBERT",
    [
      "albert.encoder.embedding_hidden_mapping_in.weight",
      "albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.bias",
      "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.bias",
      "albert.pooler.weight",
    ],
  ],
  [
    "XLNet",
    [
      "transformer.mask_emb",
      "transformer.layer.0.rel_attn.seg_embed",
      "transformer.layer.1.ff.layer_1.weight",
      "sequence_summary.summary.weight",
    ],
  ],
  [
    "ELECTRA",
    [
      "electra.embeddings_project.weight",
      "electra.encoder.layer.0.output.dense.bias",
      "electra.encoder.layer.1.output.dense.bias",
      "classifier.dense.weight",
    ],
  ],
  [
    "DeBERTa",
    [
      "deberta.encoder.rel_embeddings.weight",
      "deberta.encoder.layer.0.output.dense.bias",
      "deberta.encoder.layer.1.output.dense.bias",
      "pooler.dense.weight",
    ],
  ],
  [
    "DeBERTa's norm",
    [
      "deberta.encoder.LayerNorm.weight",
      "deberta.encoder.layer.0.output.dense.bias",
      "deberta.encoder.layer.1.output.dense.bias",
      "classifier.weight",
    ],
  ],
  [
    "ModernBERT",
    [
      "model.embeddings.tok_embeddings.weight",
      "model.layers.0.mlp.Wi.weight",
      "model.layers.1.mlp.Wi.weight",
      "model.final_norm.weight",
    ],
  ],
];

const rates = (names: readonly string[], options: Partial<typeof plain>) =>
  Object.values(learningRateFactors(names, { ...plain, ...options }));

describe.each(models)("the parameters of %s", (_, names) => {
  it("learn more slowly from layer to layer", () => {
    expect(rates(names, {})).toEqual([1, 1, 1, 1]);
    expect(rates(names, { layerDecay: 0.5 })).toEqual([0.125, 0.25, 0.5, 1]);
  });

  it("are frozen from below", () => {
    expect(rates(names, { freezeEmbeddings: true })).toEqual([0, 1, 1, 1]);
    expect(rates(names, { freezeLayers: 1 })).toEqual([0, 0, 1, 1]);
    expect(rates(names, { freezeLayers: 2, layerDecay: 0.5 })).toEqual([0, 0, 0, 1]);
  });
});

it("cannot freeze more layers than there are", async () => {
  expect(await errorOf(() => rates(models[0]![1], { freezeLayers: 3 }))).toMatchObject({
    code: "INVALID_OPTION",
    message: "option freezeLayers is 3, but the model has 2 layers",
  });
});
