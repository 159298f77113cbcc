// How rows are made equally long, for models that need that: the engine's own never do.
import { isJsonObject, type JsonObject } from "../model/json-file.js";

/** What a tokenizer's files say about padding. */
export interface PaddingDescription {
  /** The token id that fills; `null` when the files name none. */
  readonly id: number | null;
  /** Where it goes. */
  readonly side: "left" | "right";
}

/** Reads it from a tokenizer_config.json and a tokenizer.json. */
export function readPadding(config: JsonObject, document: JsonObject): PaddingDescription {
  const stored = isJsonObject(document.padding) ? document.padding : {};
  const token =
    (isJsonObject(config.pad_token) ? config.pad_token.content : config.pad_token) ?? stored.pad_token;
  // XLNet's tokenizers fill on the left without saying so.
  const isXlnet = typeof config.tokenizer_class === "string" && config.tokenizer_class.startsWith("XLNet");
  const side = config.padding_side ?? stored.direction ?? (isXlnet ? "left" : "right");
  return {
    id: typeof token === "string" ? findToken(document, token) : null,
    side: typeof side === "string" && side.toLowerCase() === "left" ? "left" : "right",
  };
}

/** The id of a token of its own; such tokens stand in `added_tokens`, or at least in a vocabulary of words. */
function findToken(document: JsonObject, token: string): number | null {
  const added: unknown[] = Array.isArray(document.added_tokens) ? document.added_tokens : [];
  const entry = added.find((one) => isJsonObject(one) && one.content === token);
  const vocabulary = isJsonObject(document.model) ? document.model.vocab : undefined;
  const id = isJsonObject(entry) ? entry.id : isJsonObject(vocabulary) ? vocabulary[token] : null;
  return typeof id === "number" ? id : null;
}
