// Weights under the names that wrappers give them.
import { describe, expect, it } from "vitest";
import { unwrapTensors } from "../../../src/model/tensor-names.js";
import type { TensorSource } from "../../../src/native/types.js";

const tensorsOf = (names: readonly string[]): TensorSource[] =>
  names.map((name) => ({ name, file: "f", dtype: "F32", shape: [1], begin: 0, end: 4 }));
const unwrap = (modelType: string, names: readonly string[]) =>
  unwrapTensors(tensorsOf(names), modelType, "DIR").map(({ name }) => name);

/** What a classifier of each kind has: embeddings, a layer, a head. */
const models: Readonly<Record<string, readonly string[]>> = {
  bert: [
    "bert.embeddings.word_embeddings.weight",
    "bert.encoder.layer.0.attention.self.query.bias",
    "classifier.weight",
  ],
  roberta: [
    "roberta.embeddings.word_embeddings.weight",
    "classifier.dense.bias",
    "classifier.out_proj.weight",
  ],
  modernbert: ["model.embeddings.tok_embeddings.weight", "model.layers.0.mlp.Wi.weight", "classifier.weight"],
  xlnet: ["transformer.word_embedding.weight", "transformer.layer.0.ff.layer_1.bias", "logits_proj.weight"],
};
const wrapped = [
  "module.",
  "model.",
  "_orig_mod.",
  "module._orig_mod.",
  "_orig_mod.module.",
  "model.module.",
  "net.",
];

describe.each(Object.entries(models))("the names of %s", (modelType, names) => {
  it("stay as they are", () => {
    expect(unwrap(modelType, names)).toEqual(names);
  });

  it.each(wrapped)("are found behind %s", (prefix) => {
    const found = unwrap(
      modelType,
      names.map((name) => prefix + name),
    );
    expect(found).toEqual(names);
  });

  it("are found around compiled and sharded parts", () => {
    const inner = names.map((name) =>
      name.replace(".", "._orig_mod.").replace(/\.(\w+)$/, "._fsdp_wrapped_module.$1"),
    );
    expect(unwrap(modelType, inner)).toEqual(names);
  });
});

it("of a network without a head lose their wrapper too", () => {
  const names = ["module.embeddings.word_embeddings.weight", "module.encoder.layer.0.output.dense.bias"];
  expect(unwrap("bert", names)).toEqual(names.map((name) => name.slice(7)));
});

it("of other tensors beside the model stay, to be listed as ignored", () => {
  const names = [...models.bert!.map((name) => `model.${name}`), "criterion.pos_weight"];
  expect(unwrap("bert", names)).toEqual([...models.bert!, "criterion.pos_weight"]);
});

it.each([
  [
    "an unknown prefix",
    models.bert!.map((name) => `student.${name}`),
    '"student." before their names, such as',
  ],
  [
    "two models",
    [...models.bert!.map((name) => `a.${name}`), ...models.bert!.map((name) => `b.${name}`)],
    "2 models",
  ],
  [
    "a head beside the wrapped model",
    ["model.bert.embeddings.word_embeddings.weight", "classifier.weight"],
    "beside",
  ],
  [
    "a head beside a bare network",
    ["model.embeddings.word_embeddings.weight", "classifier.weight"],
    "of your own",
  ],
  [
    "an adapter that was not merged",
    [
      "base_model.model.bert.embeddings.word_embeddings.weight",
      "base_model.model.bert.x.lora_A.default.weight",
    ],
    "not merged",
  ],
])("of %s are refused", (_, names, problem) => {
  expect(() => unwrap("bert", names)).toThrow(problem);
});
