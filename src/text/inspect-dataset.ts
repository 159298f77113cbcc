// `inspectDataset`: what a table holds, counted in a model's tokens too.
import { join } from "node:path";
import { parseOptions, requireNames } from "../base/parse-options.js";
import type { Dataset } from "../data/dataset.js";
import { type Inspection, inspectRows, type TokenLengths } from "../data/inspection.js";
import { checkShape } from "../data/shape.js";
import { positionsOf } from "../model/architectures.js";
import { readModelConfig, readTagformerFile } from "../model/directory.js";
import { configFile, tagformerFile } from "../model/file-names.js";
import { resolveModel } from "../model/hub/resolve.js";
import { trainedReading } from "../model/trained-reading.js";
import { inspectionOptions, usualLengths } from "../options/evaluation.js";
import { mostTokens, Tokenizer } from "./tokenizer.js";
import { mostRead } from "./windows.js";

/** Options of {@link inspectDataset}. */
export interface InspectOptions {
  /** A model directory, or a name on the hub, whose tokenizer counts tokens; without one, only words are counted. */
  readonly model?: string | undefined;
  /** Lengths in tokens at which to count the texts that would be cut; 64, 100, 128, 256 and 512 unless given. */
  readonly maxLengths?: readonly number[] | undefined;
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks at every row of a dataset: empty and duplicate texts, lengths, how often labels are set, alone and together, and
 * what {@link checkDataset} finds. With a model, texts are counted in its tokens too.
 *
 * @throws TagformerError `INVALID_OPTION`, `INVALID_DATA`, and what loading a tokenizer may throw
 */
export async function inspectDataset(
  dataset: Dataset,
  inspectOptions: InspectOptions = {},
): Promise<Inspection> {
  requireNames(inspectOptions, ["model", "signal", ...Object.keys(inspectionOptions.shape)]);
  const { model, signal, ...options } = inspectOptions;
  checkShape(dataset);
  const { maxLengths } = parseOptions(inspectionOptions, options);
  return inspectRows(
    dataset,
    model === undefined ? null : await countTokens(dataset, model, maxLengths, signal),
  );
}

async function countTokens(
  { texts }: Dataset,
  model: string,
  maxLengths: readonly number[],
  signal: AbortSignal | undefined,
): Promise<TokenLengths> {
  const directory = await resolveModel(model, { signal });
  const { modelType, config } = await readModelConfig(join(directory, configFile));
  const trained = trainedReading(await readTagformerFile(join(directory, tagformerFile)));
  await using tokenizer = await Tokenizer.load(directory, modelType, signal);
  const { offsets } = await tokenizer.encode(texts, mostTokens, signal);
  const lengths = Int32Array.from({ length: texts.length }, (_, row) => offsets[row + 1]! - offsets[row]!);
  const maxLength = Math.min(
    trained.maxLength ?? usualLengths.plain,
    positionsOf(config),
    tokenizer.modelMaxLength ?? Number.POSITIVE_INFINITY,
  );
  const modelLength = mostRead({
    maxLength,
    windowStride: trained.windowStride ?? 0,
    maxWindows: trained.maxWindows ?? 0,
  });
  return { tokenizer: model, lengths, maxLengths, modelLength };
}
