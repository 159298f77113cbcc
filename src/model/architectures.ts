// What has to be known about an architecture outside of its network, which native/models describes.

export interface Architecture {
  /** transformers' class of its classifiers. */
  readonly classifierClass: string;
  /** Name of the linear layer whose rows are the labels. */
  readonly outputLayer: string;
}

const architectures: ReadonlyMap<unknown, Architecture> = new Map([
  architecture("albert", "Albert", "classifier"),
  architecture("bert", "Bert", "classifier"),
  architecture("camembert", "Camembert", "classifier.out_proj"),
  architecture("deberta-v2", "DebertaV2", "classifier"),
  architecture("distilbert", "DistilBert", "classifier"),
  architecture("electra", "Electra", "classifier.out_proj"),
  architecture("modernbert", "ModernBert", "classifier"),
  architecture("roberta", "Roberta", "classifier.out_proj"),
  architecture("xlnet", "XLNet", "logits_proj"),
  architecture("xlm-roberta", "XLMRoberta", "classifier.out_proj"),
]);

function architecture(modelType: string, classStem: string, outputLayer: string): [string, Architecture] {
  return [modelType, { classifierClass: `${classStem}ForSequenceClassification`, outputLayer }];
}

/** The architecture of a `model_type`; `null` for an unknown one, which the engine refuses. */
export function findArchitecture(modelType: unknown): Architecture | null {
  return architectures.get(modelType) ?? null;
}
