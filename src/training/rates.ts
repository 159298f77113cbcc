// How fast each part of a model learns: layers below the top more slowly, frozen ones not at all.
import { TagformerError } from "../errors.js";
import type { ResolvedTrainingOptions } from "../options.js";

type RateOptions = Pick<ResolvedTrainingOptions, "layerDecay" | "freezeEmbeddings" | "freezeLayers">;

/** The number of a layer within a parameter's name; ALBERT's layers are groups that share parameters. */
const layerNumber = /(?:^|[._])(?:layers?|layer_groups)\.(\d+)\./;
/** What lies below the first layer: embeddings, and what all of an encoder's layers read. */
const belowLayers = /embed|_emb$|\bencoder\./;

/**
 * Factors of the learning rate, by name of parameter. The head has 1, the top layer `layerDecay`, each layer below it once
 * more (as BEiT's authors do, Bao et al. 2022), and the embeddings come after the first layer; 0 freezes.
 *
 * @param names all parameters of the model, under Hugging Face's names
 * @throws TagformerError `INVALID_OPTION` when there are fewer layers than `freezeLayers`
 */
export function learningRateFactors(
  names: readonly string[],
  { layerDecay, freezeEmbeddings, freezeLayers }: RateOptions,
): Record<string, number> {
  const layers = names.reduce((most, name) => Math.max(most, layerOf(name) + 1), 0);
  if (freezeLayers > layers) {
    throw new TagformerError(
      "INVALID_OPTION",
      `option freezeLayers is ${freezeLayers}, but the model has ${layers} layers`,
    );
  }
  const isFrozen = (depth: number) =>
    depth <= freezeLayers && (freezeLayers > 0 || (freezeEmbeddings && depth === 0));
  const factors = names.map((name) => {
    const depth = depthOf(name, layers);
    return [name, isFrozen(depth) ? 0 : layerDecay ** (layers + 1 - depth)];
  });
  return Object.fromEntries(factors);
}

/** -1 where a parameter belongs to no layer. */
function layerOf(name: string): number {
  return Number(layerNumber.exec(name)?.[1] ?? -1);
}

/** 0 for the embeddings, 1 for the first layer, one more than there are layers for the head. */
function depthOf(name: string, layers: number): number {
  const layer = layerOf(name);
  if (layer >= 0) return layer + 1;
  return belowLayers.test(name) ? 0 : layers + 1;
}
