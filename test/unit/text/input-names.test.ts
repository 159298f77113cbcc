// Which inputs a tokenizer gives the model, by the directory's own words or the version that wrote it.
import { describe, expect, it } from "vitest";
import { readInputNames } from "../../../src/text/input-names.js";

const [v3, v4, v5] = ["3.5.1", "4.57.6", "5.18.0"];
function names(modelType: string, version: string | undefined, tokenizerConfig: object = {}) {
  return readInputNames({
    directory: "model",
    tokenizerConfig: tokenizerConfig as Record<string, unknown>,
    modelConfig: version === undefined ? {} : { transformers_version: version },
    modelType,
  });
}
const hasTypes = (...parameters: Parameters<typeof names>) => names(...parameters).includes("token_type_ids");

describe("model_input_names", () => {
  it("decide where they are given, whatever version wrote them", () => {
    for (const version of [v4, v5, undefined]) {
      expect(hasTypes("xlnet", version, { model_input_names: ["input_ids", "attention_mask"] })).toBe(false);
      expect(hasTypes("xlnet", version, { model_input_names: ["input_ids", "token_type_ids"] })).toBe(true);
    }
  });

  it.each([[["input_ids", 1]], [[]], ["input_ids"], [{}]])("are refused as %j", (stated) => {
    expect(() => names("bert", v5, { model_input_names: stated })).toThrow(
      /tokenizer_config.json: model_input_names is .*; expected a list of names/,
    );
  });

  it.each<[string, boolean, boolean]>([
    ["albert", true, false],
    ["bert", true, true],
    ["camembert", false, false],
    ["deberta-v2", true, true],
    ["distilbert", false, false],
    ["electra", true, true],
    ["modernbert", false, false],
    ["roberta", false, false],
    ["xlm-roberta", false, false],
    ["xlnet", true, false],
  ])("of %s are by default those of the version", (modelType, in4, in5) => {
    const found = [v3, v4, undefined, v5, "5.0.0.dev0", "6.1"].map((version) => hasTypes(modelType, version));
    expect(found).toEqual([in4, in4, in4, in5, in5, in5]);
  });

  it("follow the tokenizer's class, which may be another than the model type's own", () => {
    expect(hasTypes("xlnet", v5, { tokenizer_class: "BertTokenizerFast" })).toBe(true);
    expect(hasTypes("bert", v4, { tokenizer_class: "RobertaTokenizer" })).toBe(false);
    expect(hasTypes("bert", v5, { tokenizer_class: "PreTrainedTokenizerFast" })).toBe(false);
    expect(hasTypes("bert", v4, { tokenizer_class: "PreTrainedTokenizerFast" })).toBe(true);
  });

  it("know a directory of a tokenizer alone by what version 5 writes into it", () => {
    expect(hasTypes("xlnet", undefined, { backend: "tokenizers" })).toBe(false);
    expect(hasTypes("xlnet", v4, { backend: "tokenizers" })).toBe(true);
  });

  it("never hold segments for a model that takes none", () => {
    const model_input_names = ["input_ids", "token_type_ids", "attention_mask"];
    expect(names("distilbert", v4, { model_input_names })).toEqual(["input_ids", "attention_mask"]);
  });
});
