import { TagformerError } from "../errors.js";
import { isJsonObject, type JsonObject } from "../model/json-file.js";

/**
 * Checks what the Rust library takes for granted in a tokenizer.json: `tokenizers` 0.23 ends the whole process when a
 * template names a special token that it does not define.
 *
 * @throws TagformerError `INVALID_MODEL`, naming `file`
 */
export function checkTokenizerJson(document: JsonObject, file: string): void {
  if (!isJsonObject(document.model)) {
    const problem = 'has no object "model"; it is not a tokenizer of Hugging Face';
    throw new TagformerError("INVALID_MODEL", `${file} ${problem}`);
  }
  const undefinedToken = templates(document.post_processor).flatMap(undefinedTokens)[0];
  if (undefinedToken === undefined) return;
  const problem = `post_processor puts ${JSON.stringify(undefinedToken)} around texts`;
  throw new TagformerError("INVALID_MODEL", `${file}: ${problem}, but its special_tokens do not define it`);
}

/** The template of a post-processor, or those of a sequence of post-processors. */
function templates(processor: unknown): JsonObject[] {
  if (!isJsonObject(processor)) return [];
  const { type, processors } = processor;
  if (type === "TemplateProcessing") return [processor];
  return Array.isArray(processors) ? processors.flatMap(templates) : [];
}

function undefinedTokens({ single, pair, special_tokens: defined }: JsonObject): unknown[] {
  return [single, pair]
    .flat()
    .map((piece) => (isJsonObject(piece) && isJsonObject(piece.SpecialToken) ? piece.SpecialToken.id : null))
    .filter((id) => id !== null && !(isJsonObject(defined) && Object.hasOwn(defined, String(id))));
}
