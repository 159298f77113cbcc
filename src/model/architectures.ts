// What has to be known about an architecture outside of its network, which native/models describes.
import { torchScriptType } from "./file-names.js";
import type { JsonObject } from "./json-file.js";

export interface Architecture {
  /** transformers' class of its classifiers. */
  readonly classifierClass: string;
  /** Name of the linear layer whose rows are the labels. */
  readonly outputLayer: string;
  /** Name of the pretrained network within the classifier. */
  readonly base: string;
  /** Name of the word embeddings within that network. */
  readonly embeddings: string;
}

const architectures: ReadonlyMap<unknown, Architecture> = new Map([
  architecture("albert", "Albert", "classifier", "albert"),
  architecture("bert", "Bert", "classifier", "bert"),
  architecture("camembert", "Camembert", "classifier.out_proj", "roberta"),
  architecture("deberta-v2", "DebertaV2", "classifier", "deberta"),
  architecture("distilbert", "DistilBert", "classifier", "distilbert"),
  architecture("electra", "Electra", "classifier.out_proj", "electra"),
  architecture("modernbert", "ModernBert", "classifier", "model", "embeddings.tok_embeddings.weight"),
  architecture("roberta", "Roberta", "classifier.out_proj", "roberta"),
  architecture("xlnet", "XLNet", "logits_proj", "transformer", "word_embedding.weight"),
  architecture("xlm-roberta", "XLMRoberta", "classifier.out_proj", "roberta"),
]);

function architecture(
  modelType: string,
  classStem: string,
  outputLayer: string,
  base: string,
  embeddings = "embeddings.word_embeddings.weight",
): [string, Architecture] {
  return [
    modelType,
    { classifierClass: `${classStem}ForSequenceClassification`, outputLayer, base, embeddings },
  ];
}

/**
 * Most tokens of a text that a config.json has positions for; infinite where distances take the place of positions, and of
 * a TorchScript module, of which it says nothing.
 */
export function positionsOf(config: JsonObject): number {
  const { model_type: type, max_position_embeddings: stated, pad_token_id: padding } = config;
  if (
    type === "xlnet" ||
    type === torchScriptType ||
    (type === "deberta-v2" && config.position_biased_input === false)
  ) {
    return Number.POSITIVE_INFINITY;
  }
  const positions = typeof stated === "number" ? stated : type === "modernbert" ? 8192 : 512;
  // RoBERTa and its relatives count positions from behind the padding's id.
  const isRoberta = findArchitecture(type)?.base === "roberta";
  return isRoberta ? positions - (typeof padding === "number" ? padding : 1) - 1 : positions;
}

/** The architecture of a `model_type`; `null` for an unknown one, which the engine refuses. */
export function findArchitecture(modelType: unknown): Architecture | null {
  return architectures.get(modelType) ?? null;
}
