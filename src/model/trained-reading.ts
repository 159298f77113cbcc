// How a model read texts when it was trained.
import { modelOptions } from "../options/model.js";
import type { JsonObject } from "./json-file.js";

const readingOptions = modelOptions
  .pick({ maxLength: true, windowStride: true, maxWindows: true, windowPooling: true })
  .strip()
  .partial();

/** Lengths and windows of a model's training, those that its tagformer.json tells; none of a model of others. */
export function trainedReading(tagformer: JsonObject | null | undefined) {
  const { success, data } = readingOptions.safeParse(tagformer?.options);
  return success ? data : {};
}
