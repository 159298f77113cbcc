// The only door to the native add-on, fully typed. Nothing else in the project sees what is behind it.
import { setMaxListeners } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { grantedCores } from "./cores.js";
import { type ErrorCode, messageOf, TagformerError } from "./errors.js";
import { builtAddon, readNativeSources } from "./install/locations.js";
import type { LabelledBatch, RaggedBatch } from "./text/batch.js";

/**
 * Number format of the engine's activations and matrix products; `int8` is for prediction only. Master weights are
 * always fp32.
 */
export type Precision = "fp32" | "bf16" | "int8";

/** One tensor of a safetensors file: where its bytes lie. */
export interface TensorSource {
  readonly name: string;
  readonly file: string;
  /** safetensors name of the element type, such as `F32`, `BF16`, `I64`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte position of the first element in `file`, and of the end. */
  readonly begin: number;
  readonly end: number;
}

export interface NativeModelSpec {
  /** config.json as parsed; the architecture reads it and refuses what it does not know. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Number of labels of the classification head. */
  readonly labels: number;
  /** Weights; an empty list builds a fresh random model. */
  readonly tensors: readonly TensorSource[];
  /** A TorchScript file that is the model, instead of `tensors`; whoever gives it has checked it. */
  readonly script?: string;
  /** Seed of every tensor that has to be initialised. */
  readonly seed: number;
  readonly precision: Precision;
  /** Threads of the model's operations; 0: an equal share of the granted cores among the models that say so. */
  readonly threads: number;
  /** `auto`, `cpu`, `cuda` or `cuda:N`; absent: the CPU. */
  readonly device?: string;
  /**
   * Computes on the CPU as on another device, over padded batches and in libtorch's own operations: slower here, with the
   * same results.
   */
  readonly dense?: boolean;
  /** It will be trained: its weights are not packed for prediction as they are read. */
  readonly training?: boolean;
  /** Of `flash`, `graphs`, `tf32` and `deterministic`, what shall be tried where the device allows it; see docs/cuda.md. Absent: nothing. */
  readonly experiments?: readonly string[];
}

export interface NativeModelInfo {
  /** Number of parameters (elements). */
  readonly parameters: number;
  /** Names of tensors that were not in the files and were initialised. */
  readonly initialised: readonly string[];
  /** Names of tensors in the files that the architecture does not use. */
  readonly ignored: readonly string[];
  /** What a user should know before training the model; one sentence each. */
  readonly notes: readonly string[];
  /** Longest row the model accepts, in tokens. */
  readonly maxLength: number;
  readonly vocabularySize: number;
  readonly labels: number;
  /** Where the model computes: `cpu`, or a GPU such as `cuda:0`. */
  readonly device: string;
  /** What a user who asked for `auto` should know of that; may be empty. */
  readonly deviceNote: string;
}

export interface NativeTrainingOptions {
  readonly learningRate: number;
  readonly schedule: "linear" | "constant";
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Global norm above which gradients are scaled down; 0 turns clipping off. */
  readonly maxGradientNorm: number;
  /** Seed of dropout. */
  readonly seed: number;
  /** `false` trains with every dropout rate at 0, whatever the config says. */
  readonly dropout: boolean;
  /** Epsilon is added before the bias correction, not after it; absent: after it. */
  readonly epsilonBeforeCorrection?: boolean;
  /** Absent: plain cross-entropy. */
  readonly loss?: NativeLoss;
  /** The logits of a text's windows are averaged; absent: the largest counts. */
  readonly meanOfWindows?: boolean;
  /** Factors of the learning rate by name of parameter, 1 where there is none; 0 freezes. */
  readonly rates?: Readonly<Record<string, number>>;
}

/** The loss of an element; its formula is in native/training/loss.h. */
export interface NativeLoss {
  readonly positiveFocus: number;
  readonly negativeFocus: number;
  readonly margin: number;
  readonly negativeWeight: number;
  readonly smoothing: number;
  /** `[labels]`; absent: all 1. */
  readonly positiveWeights?: Float32Array;
}

export interface NativeStep {
  /** 1-based number of this optimizer step. */
  readonly step: number;
  /** Mean loss over all labelled elements of the step's batches. */
  readonly loss: number;
  /** Global gradient norm before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** `false` when loss or gradient norm was not finite: then no weight was changed. */
  readonly applied: boolean;
  /** Parts in which the step was computed: the batches given, or more where memory was short. */
  readonly parts: number;
}

/** How an exported module was compared with its model: on texts of several lengths, with segment ids and without. */
export interface ExportCheck {
  /** Number of texts. */
  readonly texts: number;
  /** Length of the shortest of them, in tokens. */
  readonly shortest: number;
  /** Length of the longest of them, in tokens. */
  readonly longest: number;
  /** Largest difference between two logits. */
  readonly difference: number;
}

/** One text to explain, and what to compare it with. */
interface NativeAttributionRequest extends RaggedBatch {
  /** A token id in place of each of `ids`, `[total]`. */
  readonly baseline: Int32Array;
  /** Index of the label. */
  readonly label: number;
  /** Largest acceptable error of the sum, in units of the logit. */
  readonly tolerance: number;
  /** Gradients after which to stop, whatever the error. */
  readonly maxGradients: number;
}

/** Integrated gradients: `contributions` sum to `logit - baselineLogit`, but for `error`. */
interface NativeAttribution {
  /** What each token adds to the logit, `[total]`. */
  readonly contributions: Float64Array;
  readonly logit: number;
  readonly baselineLogit: number;
  readonly error: number;
  /** Number of gradients that were computed. */
  readonly gradients: number;
}

/** What the add-on exports; see native/addon/session.h. */
interface Addon {
  readonly Session: new (options: { threads: number; cores: number }) => Session;
  /** Ends all native work of this thread's environment and joins its threads. */
  stopAll(): void;
}

interface Session {
  findDevice(device: string): Promise<string>;
  load(spec: NativeModelSpec, job: number): Promise<NativeModelInfo>;
  predict(batch: RaggedBatch, job: number): Promise<Float32Array>;
  attribute(request: NativeAttributionRequest, job: number): Promise<NativeAttribution>;
  startTraining(options: NativeTrainingOptions): Promise<void>;
  trainStep(batches: readonly LabelledBatch[], job: number): Promise<NativeStep>;
  computeGradients(batch: LabelledBatch): Promise<number>;
  save(file: string, job: number): Promise<void>;
  exportTorchScript(
    file: string,
    extraFiles: Readonly<Record<string, string>>,
    job: number,
  ): Promise<ExportCheck>;
  parameter(name: string): Promise<Float32Array>;
  gradient(name: string): Promise<Float32Array>;
  parameterNames(): Promise<string[]>;
  cancel(job: number): boolean;
  /** Makes the running job, and all that follow, end early. */
  interrupt(): void;
  dispose(): Promise<void>;
}

let addon: Promise<Addon> | undefined;

/** Loads the add-on once; throws `NATIVE_NOT_BUILT` or `NATIVE_LOAD_FAILED` with the command to type. */
async function loadAddon(after?: Promise<void>): Promise<Addon> {
  addon ??= openAddon(after);
  try {
    return await addon;
  } catch (error) {
    addon = undefined; // it may be built by the next time
    throw error;
  }
}

/**
 * Begins to open the add-on, which takes a fifth of a second of another thread's time, before it is needed. Whoever needs
 * it then hears of a failure.
 *
 * @param after settles when others no longer need the system's linker, which libtorch occupies
 */
export function prepareNative(after: Promise<void>): void {
  loadAddon(after).catch(() => {});
}

async function openAddon(after?: Promise<void>): Promise<Addon> {
  const opener = new Opener(); // starts while the sources are read
  try {
    await readNativeSources();
    const file = builtAddon();
    if (!file) {
      throw new TagformerError(
        "NATIVE_NOT_BUILT",
        "tagformer's native add-on is not built for this machine and version; run `npx tagformer setup` once",
      );
    }
    await after;
    return await openBuilt(file, opener);
  } finally {
    opener.end(); // a thread that waits for a file would keep the process alive
  }
}

async function openBuilt(file: string, opener: Opener): Promise<Addon> {
  const restore = shortenSpinning();
  let opened: Addon;
  try {
    await opener.open(file);
    opened = createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    throw new TagformerError(
      "NATIVE_LOAD_FAILED",
      `the native add-on ${file} cannot be loaded (${messageOf(error).split("\n")[0]}); run \`npx tagformer doctor\` to see why, or \`npx tagformer setup\` to build it again`,
      { cause: error },
    );
  } finally {
    restore();
  }
  // process.exit() and uncaught exceptions run no native clean-up hooks, only this.
  process.once("exit", opened.stopAll);
  return opened;
}

/**
 * Has the threads of libgomp, which libtorch computes with, spin for microseconds instead of milliseconds before they
 * sleep. On a quiet machine that costs nothing; on a busy one they would keep a core from the thread that they wait for.
 * libgomp reads this when it is loaded, and only the main thread's variables are the process's.
 *
 * @returns puts the variables back, so that child processes do not inherit it
 */
function shortenSpinning(): () => void {
  const { GOMP_SPINCOUNT, OMP_WAIT_POLICY } = process.env;
  if (GOMP_SPINCOUNT !== undefined || OMP_WAIT_POLICY !== undefined) return () => {};
  process.env.GOMP_SPINCOUNT = "1000";
  return () => {
    delete process.env.GOMP_SPINCOUNT;
  };
}

/**
 * A short-lived thread that opens the add-on. The system takes a fifth of a second to link libtorch, for which the event
 * loop would stand still; after that the process has it, and it opens on the main thread at once. A failure on this thread
 * shows, with its reason, when it is opened there.
 */
class Opener {
  readonly #worker = new Worker('require("node:worker_threads").parentPort.once("message", require)', {
    eval: true,
    execArgv: [],
  }).on("error", () => {});

  readonly #ended = new Promise<void>((resolve) => this.#worker.once("exit", () => resolve()));

  async open(file: string): Promise<void> {
    this.#worker.postMessage(file);
    await this.#ended;
  }

  end(): void {
    void this.#worker.terminate();
  }
}

function toTagformerError(error: unknown): TagformerError {
  const native = error as { code?: ErrorCode; message?: string; detail?: string };
  return new TagformerError(native.code ?? "INTERNAL", messageOf(error), { cause: native.detail ?? error });
}

/**
 * A rejection from a native thread has no stack. The error that is made here has one that names whoever awaits the call,
 * without one being taken for every call that succeeds.
 */
async function settle<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toTagformerError(error);
  }
}

/**
 * The device that a model asked to compute on `device` would get.
 *
 * @throws TagformerError `DEVICE_UNAVAILABLE`, with what was found and what to type
 */
export async function findDevice(device: string): Promise<string> {
  const { Session } = await loadAddon();
  const session = new Session({ threads: 1, cores: grantedCores() });
  try {
    return await settle(session.findDevice(device));
  } finally {
    await session.dispose();
  }
}

/** Cancellation of calls. */
export interface CallOptions {
  /**
   * Ends the call, whether it waits for the model or runs: the promise then rejects with the signal's reason. A training
   * step that ends so changes no weight.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A model on a thread of its own. Calls run one after the other, in the order in which they were made; the event loop is
 * never blocked. Batches are copied, so the caller may reuse its arrays at once.
 */
export class NativeModel implements AsyncDisposable {
  readonly info: NativeModelInfo;
  readonly #session: Session;
  #nextJob = 1;
  #disposal: Promise<void> | undefined;

  private constructor(session: Session, info: NativeModelInfo) {
    this.#session = session;
    this.info = info;
  }

  /** Builds the model and fills its weights. The signal ends that even when it is under way. */
  static async load(spec: NativeModelSpec, { signal }: CallOptions = {}): Promise<NativeModel> {
    signal?.throwIfAborted();
    const { Session } = await loadAddon();
    signal?.throwIfAborted();
    const session = new Session({ threads: spec.threads, cores: grantedCores() });
    const interrupt = () => session.interrupt();
    signal?.addEventListener("abort", interrupt);
    try {
      return new NativeModel(session, await settle(session.load(spec, 0)));
    } catch (error) {
      await session.dispose();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }

  /** Logits, `[rows * labels]`. */
  predict(batch: RaggedBatch, options: CallOptions = {}): Promise<Float32Array> {
    return this.#cancellable((job) => this.#session.predict(batch, job), options.signal);
  }

  /** What each token of one text adds to a logit. */
  attribute(request: NativeAttributionRequest, options: CallOptions = {}): Promise<NativeAttribution> {
    return this.#cancellable((job) => this.#session.attribute(request, job), options.signal);
  }

  /** Prepares AdamW and the learning-rate schedule; call once before {@link trainStep}. */
  startTraining(options: NativeTrainingOptions): Promise<void> {
    return settle(this.#session.startTraining(options));
  }

  /** One whole training step over one or more micro-batches: forward, loss, backward, clip, AdamW, schedule. */
  trainStep(batches: readonly LabelledBatch[], options: CallOptions = {}): Promise<NativeStep> {
    return this.#cancellable((job) => this.#session.trainStep(batches, job), options.signal);
  }

  /**
   * Loss and gradients of a batch without an update and without dropout, for comparing with PyTorch. The loss is that of
   * the last {@link startTraining}, or plain cross-entropy.
   */
  computeGradients(batch: LabelledBatch): Promise<number> {
    return settle(this.#session.computeGradients(batch));
  }

  /** Writes the weights as safetensors in fp32; the bytes are on disk when the promise resolves. */
  save(file: string, options: CallOptions = {}): Promise<void> {
    return this.#cancellable((job) => this.#session.save(file, job), options.signal);
  }

  /**
   * Writes the model as a TorchScript module, loads that again and compares. Only a model in fp32.
   *
   * @param extraFiles texts to store inside, by file name
   */
  exportTorchScript(
    file: string,
    extraFiles: Readonly<Record<string, string>> = {},
    options: CallOptions = {},
  ): Promise<ExportCheck> {
    return this.#cancellable((job) => this.#session.exportTorchScript(file, extraFiles, job), options.signal);
  }

  /** A copy of a parameter, by Hugging Face's name. */
  parameter(name: string): Promise<Float32Array> {
    return settle(this.#session.parameter(name));
  }

  /** A copy of the gradient that {@link computeGradients} left. */
  gradient(name: string): Promise<Float32Array> {
    return settle(this.#session.gradient(name));
  }

  parameterNames(): Promise<string[]> {
    return settle(this.#session.parameterNames());
  }

  /**
   * Ends the calls that wait and the one that runs, with `DISPOSED`, and frees the model. Every call returns the same
   * promise.
   */
  dispose(): Promise<void> {
    this.#disposal ??= this.#session.dispose();
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #cancellable<T>(start: (job: number) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) return settle(start(0));
    signal.throwIfAborted();
    // Many calls may share one signal, which is no leak: every listener is removed below.
    setMaxListeners(0, signal);
    const job = this.#nextJob++;
    const cancel = () => this.#session.cancel(job);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await settle(start(job));
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}
