// config.json as each version of transformers writes it by default, with all of its fields.
// test/fixtures/config-fields.json has them but for sizes, labels and names, from the versions' own configuration classes:
// `every` are those of all architectures, `own` those of one.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";

type Fields = Readonly<Record<string, unknown>>;
interface Version {
  readonly every: Fields;
  readonly own: Readonly<Record<string, Fields>>;
}

const fixture = new URL("../fixtures/config-fields.json", import.meta.url);
const versions = JSON.parse(readFileSync(fixture, "utf8")) as Record<string, Version>;
const cases = Object.entries(versions).flatMap(([version, { every, own }]) =>
  Object.entries(own).map(([type, fields]) => ({ version, type, fields: { ...every, ...fields } })),
);

/** More tokens than the ids of any special token. */
const vocabularySize = 50_400;
const bert = {
  vocab_size: vocabularySize,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 40,
};
const distilbert = { dim: 16, n_layers: 2, n_heads: 2, hidden_dim: 32 };
const xlnet = { d_model: 16, n_layer: 2, n_head: 2, d_head: 8, d_inner: 32 };

function sizesOf(type: string, version: string): Fields {
  switch (type) {
    case "distilbert":
      return { ...distilbert, vocab_size: vocabularySize, max_position_embeddings: 40 };
    case "xlnet":
      return { ...xlnet, [version.startsWith("2.0") ? "n_token" : "vocab_size"]: vocabularySize };
    case "albert":
    case "electra":
      return { ...bert, embedding_size: 16 };
    case "deberta-v2":
      return { ...bert, pooler_hidden_size: 16 };
    case "modernbert":
      return version.startsWith("5")
        ? { ...bert, layer_types: ["full_attention", "sliding_attention"] }
        : bert;
    default:
      return bert;
  }
}

describe.each(cases)("transformers $version, $type", ({ version, type, fields }) => {
  it("is loaded with every field that it has", async () => {
    const config = { model_type: type, transformers_version: version, ...sizesOf(type, version), ...fields };
    const spec = { tensors: [], seed: 1, precision: "fp32", threads: 1, labels: 2 } as const;
    await using model = await NativeModel.load({ ...spec, config });
    expect(model.info).toMatchObject({ vocabularySize, labels: 2 });
  });
});

it("has fields that say how others are to be read, which are no obstacle", async () => {
  const others = {
    eos_token_ids: 0,
    sentence_transformers: { version: "4.1.0", activation_fn: "torch.nn.modules.linear.Identity" },
    "transformers.js_config": { dtype: "q8" },
    xla_device: null,
    _commit_hash: "1dbc166cf8765166998eff31ade2eb64c8a40076",
  };
  const spec = { tensors: [], seed: 1, precision: "fp32", threads: 1, labels: 2 } as const;
  await using model = await NativeModel.load({ ...spec, config: { model_type: "bert", ...bert, ...others } });
  expect(model.info.labels).toBe(2);
});
