// Every architecture says of its parameters in which layer they stand: what layer decay and freezing go by.
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { NativeModel } from "../../src/native/model.js";
import type { NativeTrainingOptions } from "../../src/native/types.js";
import { randomBatch } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";
import { start } from "./tiny-bert.js";

const bertFamily = [
  [/embeddings/, 0],
  [/layer\.0\./, 1],
  [/layer\.1\./, 2],
  [/pooler|pre_classifier|classifier/, 3],
] as const;

/** Of each architecture in two layers: fields of config.json, and the depth of a parameter by its name. */
const architectures: readonly [string, Record<string, unknown>, readonly (readonly [RegExp, number])[]][] = [
  ["bert", {}, bertFamily],
  ["roberta", {}, bertFamily],
  ["electra", {}, bertFamily],
  ["distilbert", { n_layers: 2 }, bertFamily],
  [
    "albert",
    { num_hidden_groups: 2 },
    [
      [/embedding/, 0],
      [/albert_layer_groups\.0\./, 1],
      [/albert_layer_groups\.1\./, 2],
      [/albert\.pooler|^classifier/, 3],
    ],
  ],
  [
    "deberta-v2",
    {
      relative_attention: true,
      norm_rel_ebd: "layer_norm",
      conv_kernel_size: 3,
      pos_att_type: ["c2p", "p2c"],
    },
    [[/rel_embeddings|encoder\.LayerNorm|conv\./, 0], ...bertFamily],
  ],
  [
    "xlnet",
    { n_layer: 2 },
    [
      [/word_embedding|mask_emb/, 0],
      [/layer\.0\./, 1],
      [/layer\.1\./, 2],
      [/sequence_summary|logits_proj/, 3],
    ],
  ],
  [
    "modernbert",
    { layer_types: null },
    [
      [/model\.embeddings/, 0],
      [/layers\.0\./, 1],
      [/layers\.1\./, 2],
      [/final_norm|head\.|classifier/, 3],
    ],
  ],
];

/** Weights before a step and after it that takes nothing from gradients: decay alone changes them. */
async function decayed(
  modelType: string,
  changes: Record<string, unknown>,
  options: Partial<NativeTrainingOptions>,
) {
  const { config, labels, vocabulary } = draws[modelType]!(generator(3, modelType));
  const small = { num_hidden_layers: 2, initializer_range: 0.3 };
  await using model = await NativeModel.load({
    config: { ...config, ...(modelType !== "xlnet" && modelType !== "distilbert" && small), ...changes },
    labels,
    tensors: [],
    seed: 4,
    precision: "fp32",
    threads: 1,
  });
  const names = await model.parameterNames();
  const weights = () => Promise.all(names.map((name) => model.parameter(name)));
  const before = await weights();
  const run = await start(model, { learningRate: 0.5, weightDecay: 1, epsilon: 1e30, ...options });
  await run.step([randomBatch([5, 3], { vocabulary, labels, seed: 1 })]);
  const after = await weights();
  return names.map((name, i) => ({ name, before: before[i]!, after: after[i]! }));
}

/** The factor of the learning rate that a tensor was decayed with; `undefined` where it does not decay. */
function factorOf({ before, after }: { before: Float32Array; after: Float32Array }): number | undefined {
  const largest = before.reduce((at, value, i) => (Math.abs(value) > Math.abs(before[at]!) ? i : at), 0);
  if (before[largest] === 0) return undefined; // a fresh bias
  const factor = (1 - after[largest]! / before[largest]!) / 0.5;
  return factor === 0 ? undefined : factor;
}

describe.each(architectures)("the parameters of %s", (modelType, changes, depths) => {
  const depthOf = (name: string) => depths.find(([pattern]) => pattern.test(name))?.[1];

  it("learn more slowly from layer to layer", async () => {
    const tensors = await decayed(modelType, changes, { layerDecay: 0.5 });
    const seen = new Set<number>();
    for (const tensor of tensors) {
      const depth = depthOf(tensor.name);
      expect(depth, tensor.name).toBeDefined();
      const factor = factorOf(tensor);
      if (factor === undefined) continue; // a bias or a norm, which do not decay
      expect(factor, tensor.name).toBeCloseTo(0.5 ** (3 - depth!), 3);
      seen.add(depth!);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
  });

  it.each([
    [{ freezeEmbeddings: true }, 0],
    [{ freezeLayers: 1 }, 1],
    [{ freezeLayers: 2 }, 2],
  ])("are frozen from below by %j", async (options, frozen) => {
    for (const tensor of await decayed(modelType, changes, { ...options, epsilon: 1e-8 })) {
      if (depthOf(tensor.name)! <= frozen) expect(tensor.after, tensor.name).toEqual(tensor.before);
      else if (factorOf(tensor) === undefined)
        continue; // the gradient of a key's bias is zero
      else expect(tensor.after, tensor.name).not.toEqual(tensor.before);
    }
  });

  it("cannot be frozen beyond the last layer", async () => {
    await expect(decayed(modelType, changes, { freezeLayers: 3 })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: "option freezeLayers is 3, but the model has 2 layers",
    });
  });
});
