/**
 * The stable codes of {@link TagformerError}. A code never changes its meaning; messages may be reworded.
 *
 * - `INVALID_OPTION`: an option is unknown, of the wrong type or out of range.
 * - `INVALID_DATA`: a table or its labels cannot be used as they are.
 * - `INVALID_MODEL`: a model directory, its config, weights or tokenizer cannot be used.
 * - `IO`: a file could not be read or written.
 * - `OUTPUT_IN_USE`: another training run writes the model directory; the message names its process.
 * - `DOWNLOAD_FAILED`: a model could not be had from the Hugging Face hub, or offline from its cache.
 * - `NATIVE_NOT_BUILT`: the native add-on has not been built on this machine.
 * - `NATIVE_LOAD_FAILED`: the native add-on is there, but could not be loaded.
 * - `SETUP_FAILED`: a compiler, CMake or libtorch is missing, or the build failed.
 * - `DEVICE_UNAVAILABLE`: the device asked for is not there.
 * - `DEVICE_FAILED`: the device of a model failed in a way that it does not recover from: every later call of the model
 *   rejects with this, and so may other models on that device, until the process is begun anew.
 * - `DISTRIBUTED`: several processes train one model, and one of them is gone, late or different; the message names it.
 * - `NOT_FINITE`: the training loss or its gradient became NaN or infinite.
 * - `OUT_OF_MEMORY`: an allocation failed; the model stays usable.
 * - `DISPOSED`: the model was disposed before or during the call.
 * - `INTERNAL`: a bug in tagformer; the text in `cause` belongs in a report.
 */
export type ErrorCode =
  | "INVALID_OPTION"
  | "INVALID_DATA"
  | "INVALID_MODEL"
  | "IO"
  | "OUTPUT_IN_USE"
  | "DOWNLOAD_FAILED"
  | "NATIVE_NOT_BUILT"
  | "NATIVE_LOAD_FAILED"
  | "SETUP_FAILED"
  | "DEVICE_UNAVAILABLE"
  | "DEVICE_FAILED"
  | "DISTRIBUTED"
  | "NOT_FINITE"
  | "OUT_OF_MEMORY"
  | "DISPOSED"
  | "INTERNAL";

/**
 * What an `Error` is to all who catch one, but for the internal mark of those that the language makes itself. Of marked ones
 * a structured clone (`structuredClone`, `postMessage`) keeps no code, and JSON nothing at all.
 */
const UnmarkedError = function UnmarkedError() {} as unknown as new () => Error;
UnmarkedError.prototype = Error.prototype;

/**
 * Every error that tagformer raises on purpose: one readable sentence and a stable {@link ErrorCode}. What
 * `structuredClone`, `postMessage` and `JSON.stringify` make of it is an object with its name, code and message: therefore it is an
 * `Error` to `instanceof`, but not to `util.types.isNativeError`, whose errors lose their code there.
 */
export class TagformerError extends UnmarkedError {
  /** Always `TagformerError`. */
  override readonly name = "TagformerError";
  /** What kind of failure it is, for programs. */
  readonly code: ErrorCode;

  /** `cause` is what it comes from, such as the error of a library, or all that a compiler wrote. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super();
    this.code = code;
    this.message = message;
    if (options && "cause" in options) {
      // Like that of other errors it is not cloned along: it may be anything.
      Object.defineProperty(this, "cause", { value: options.cause, writable: true, configurable: true });
    }
    Error.captureStackTrace(this, TagformerError);
  }
}

/** `INVALID_OPTION`. The sentence says which option, what was found, and what to give instead. */
export function invalidOption(sentence: string, cause?: unknown): TagformerError {
  return errorWith("INVALID_OPTION", sentence, cause);
}

/** `INVALID_DATA`. The sentence begins with the file and the place in it. */
export function invalidData(sentence: string, cause?: unknown): TagformerError {
  return errorWith("INVALID_DATA", sentence, cause);
}

/** `INVALID_MODEL`. The sentence begins with the file or directory. */
export function invalidModel(sentence: string, cause?: unknown): TagformerError {
  return errorWith("INVALID_MODEL", sentence, cause);
}

/** `IO`: `cannot read FILE: ...`, with what the system said. */
export function cannot(doing: string, error: unknown, advice = ""): TagformerError {
  const reason = messageOf(error).replace(/\.$/, "");
  return errorWith("IO", `cannot ${doing}: ${reason}${advice && `; ${advice}`}`, error);
}

function errorWith(code: ErrorCode, sentence: string, cause: unknown): TagformerError {
  return new TagformerError(code, sentence, cause === undefined ? undefined : { cause });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error of `node:fs` says that there is no such file. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "ENOENT" || code === "ENOTDIR";
}
