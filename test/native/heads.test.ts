// Every architecture names its classifier, and the layer whose rows are the labels: what is replaced for other labels.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { readSafetensors } from "../../src/model/safetensors.js";
import { NativeModel } from "../../src/native/model.js";
import { temporaryFolder } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";

/** The class of transformers, and the layer, of each architecture. */
const heads: Readonly<Record<string, readonly [string, string]>> = {
  albert: ["AlbertForSequenceClassification", "classifier"],
  bert: ["BertForSequenceClassification", "classifier"],
  camembert: ["CamembertForSequenceClassification", "classifier.out_proj"],
  "deberta-v2": ["DebertaV2ForSequenceClassification", "classifier"],
  distilbert: ["DistilBertForSequenceClassification", "classifier"],
  electra: ["ElectraForSequenceClassification", "classifier.out_proj"],
  modernbert: ["ModernBertForSequenceClassification", "classifier"],
  roberta: ["RobertaForSequenceClassification", "classifier.out_proj"],
  "xlm-roberta": ["XLMRobertaForSequenceClassification", "classifier.out_proj"],
  xlnet: ["XLNetForSequenceClassification", "logits_proj"],
};

describe.each(Object.entries(heads))("the head of %s", (modelType, [classifierClass, layer]) => {
  const { config } = draws[modelType]!(generator(2, modelType));
  const spec = { config, seed: 1, precision: "fp32", threads: 1 } as const;
  const parts = [`${layer}.weight`, `${layer}.bias`];

  it("begins anew for other labels, and nothing else does", async () => {
    await using source = await NativeModel.load({ ...spec, labels: 3, tensors: [] });
    expect(source.info).toMatchObject({ classifierClass, hasHead: false });
    const file = join(temporaryFolder(), "model.safetensors");
    await source.save(file);
    const tensors = await readSafetensors(file);

    await using same = await NativeModel.load({ ...spec, labels: 3, tensors });
    expect(same.info).toMatchObject({ hasHead: true, initialised: [] });

    await expect(NativeModel.load({ ...spec, labels: 5, tensors })).rejects.toThrow(
      `${layer}.weight has shape`,
    );
    await using other = await NativeModel.load({ ...spec, labels: 5, tensors, freshHead: true });
    expect(other.info.hasHead).toBe(true);
    expect([...other.info.initialised].sort()).toEqual([...parts].sort());
  });

  it("is missing in the files of a pretrained network", async () => {
    await using source = await NativeModel.load({ ...spec, labels: 3, tensors: [] });
    const file = join(temporaryFolder(), "model.safetensors");
    await source.save(file);
    const tensors = (await readSafetensors(file)).filter(({ name }) => !parts.includes(name));
    await using pretrained = await NativeModel.load({ ...spec, labels: 5, tensors });
    expect(pretrained.info).toMatchObject({ hasHead: false });
    expect([...pretrained.info.initialised].sort()).toEqual([...parts].sort());
  });
});
