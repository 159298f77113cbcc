// What runs on a tokenizer's thread: it says that it is up, loads an encoder, says what that is, and answers requests.
import { parentPort } from "node:worker_threads";
import { reply, type ThreadReply } from "../base/thread.js";
import type { CutRules } from "./cut-points.js";
import { type EncodedRows, Encoder, type Frame, type TokenizedText, warmUp } from "./encoder.js";
import type { TokenizerDescription, TokenizerPlace } from "./tokenizer-files.js";

/** What the thread says of it. */
export interface LoadedTokenizer {
  readonly description: TokenizerDescription;
  readonly frame: Frame;
  readonly vocabularySize: number;
  readonly cutRules: CutRules | null;
}

/** A tokenizer to load, which comes first; texts with the longest row, one text to look at closely, token ids to turn into text, or a tokenizer.json. */
export type TokenizerRequest =
  | TokenizerPlace
  | { readonly texts: string[]; readonly limit: number }
  | { readonly text: string; readonly limit: number; readonly baseline: string | undefined }
  | { readonly tokens: readonly number[] }
  | "json";

type ThreadResult = LoadedTokenizer | EncodedRows | TokenizedText | string;

/** What the thread says by itself when it has started: from now on it does not wait for the system's linker. */
interface ThreadIsUp {
  readonly up: true;
}

/** The answers come in the order of the requests. */
export type TokenizerReply = ThreadIsUp | ThreadReply<ThreadResult>;

const port = parentPort!;

let encoder: Encoder;
let last = Promise.resolve();

port.on("message", (request: TokenizerRequest) => {
  last = last.then(() => reply(() => answer(request), movedOf));
});

warmUp();
port.postMessage({ up: true } satisfies TokenizerReply);

function answer(request: TokenizerRequest): Promise<ThreadResult> {
  if (request === "json") return encoder.json();
  if ("directory" in request) return load(request);
  if ("texts" in request) return encoder.encode(request.texts, request.limit);
  if ("text" in request) return encoder.tokenize(request.text, request.limit, request.baseline);
  return encoder.decode(request.tokens);
}

/** The ids of many rows are handed over instead of copied. */
function movedOf(result: ThreadResult): ArrayBuffer[] {
  return typeof result === "object" && "ids" in result ? [result.ids.buffer as ArrayBuffer] : [];
}

async function load(place: TokenizerPlace): Promise<LoadedTokenizer> {
  encoder = await Encoder.load(place);
  const { description, frame, vocabularySize, cutRules } = encoder;
  return { description, frame, vocabularySize, cutRules };
}
