// What native/models/registry.cc says; test/native holds its lines to the networks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { architectures, findArchitecture, positionsOf } from "../../../src/model/architectures.js";

describe("architectures", () => {
  it("are all lines of the registry", () => {
    const file = join(import.meta.dirname, "../../../native/models/registry.cc");
    const lines = readFileSync(file, "utf8").match(/EACH\("[\w-]+"/g) ?? [];
    expect(lines.length).toBeGreaterThan(5);
    expect([...architectures().keys()].map((type) => `EACH("${type}"`)).toEqual(lines);
  });
});

describe("findArchitecture", () => {
  it("knows the names that differ", () => {
    expect(findArchitecture("xlm-roberta")).toEqual({
      classifierClass: "XLMRobertaForSequenceClassification",
      base: "roberta",
      embeddings: "embeddings.word_embeddings.weight",
      outputLayer: "classifier.out_proj",
      positions: 512,
      countedFrom: "kAfterPadding",
    });
    expect(findArchitecture("xlnet")?.embeddings).toBe("word_embedding.weight");
  });

  it.each([["gpt2"], [undefined], [7], [null]])("knows no %s", (type) => {
    expect(findArchitecture(type)).toBeNull();
  });
});

describe("positionsOf", () => {
  it.each([
    { config: { model_type: "bert" }, positions: 512 },
    { config: { model_type: "bert", max_position_embeddings: 64 }, positions: 64 },
    { config: { model_type: "roberta", max_position_embeddings: 514 }, positions: 512 },
    { config: { model_type: "roberta", max_position_embeddings: 514, pad_token_id: 0 }, positions: 513 },
    { config: { model_type: "modernbert" }, positions: 8192 },
    { config: { model_type: "deberta-v2" }, positions: 512 },
    {
      config: { model_type: "deberta-v2", position_biased_input: false },
      positions: Number.POSITIVE_INFINITY,
    },
    { config: { model_type: "xlnet" }, positions: Number.POSITIVE_INFINITY },
    { config: { model_type: "torchscript" }, positions: Number.POSITIVE_INFINITY },
    { config: { model_type: "gpt2", max_position_embeddings: 1024 }, positions: 1024 },
  ])("of $config: $positions", ({ config, positions }) => {
    expect(positionsOf(config)).toBe(positions);
  });
});
