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
 * - `NOT_FINITE`: the training loss or its gradient became NaN or infinite.
 * - `OUT_OF_MEMORY`: an allocation failed; the model stays usable.
 * - `DISPOSED`: the model was disposed before or during the call.
 * - `ABORTED`: the call was cancelled through its `AbortSignal`.
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
  | "NOT_FINITE"
  | "OUT_OF_MEMORY"
  | "DISPOSED"
  | "ABORTED"
  | "INTERNAL";

/** Every error that tagformer raises on purpose: one readable sentence and a stable {@link ErrorCode}. */
export class TagformerError extends Error {
  /** Always `TagformerError`. */
  override readonly name = "TagformerError";
  /** What kind of failure it is, for programs. */
  readonly code: ErrorCode;

  /** `cause` is what it comes from, such as the error of a library, or all that a compiler wrote. */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
