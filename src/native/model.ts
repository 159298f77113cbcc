// The only caller of the native add-on: a model, and the calls that it answers. Nothing else sees what is behind it.

import { type CallOptions, stoppable } from "../base/cancel.js";
import type { RaggedBatch } from "../text/batch.js";
import { loadAddon, settle } from "./addon.js";
import { Calls } from "./calls.js";
import { grantedCores } from "./cores.js";
import { NativeTraining } from "./training.js";
import type {
  ExportCheck,
  GroupSession,
  NativeAttribution,
  NativeAttributionRequest,
  NativeModelInfo,
  NativeModelSpec,
  NativeTrainingOptions,
  Session,
} from "./types.js";

/**
 * A model on a thread of its own. Calls run one after the other, in the order in which they were made; the event loop is
 * never blocked. Batches are copied, so the caller may reuse its arrays at once.
 */
export class NativeModel implements AsyncDisposable {
  readonly info: NativeModelInfo;
  readonly #session: Session;
  readonly #calls: Calls;
  #training: NativeTraining | undefined;
  #disposal: Promise<void> | undefined;

  private constructor(session: Session, info: NativeModelInfo) {
    this.#session = session;
    this.#calls = new Calls(session);
    this.info = info;
  }

  /** Builds the model and fills its weights. The signal ends that even when it is under way. */
  static async load(spec: NativeModelSpec, { signal }: CallOptions = {}): Promise<NativeModel> {
    signal?.throwIfAborted();
    const { Session } = await loadAddon();
    signal?.throwIfAborted();
    const session = new Session({ threads: spec.threads, cores: grantedCores() });
    const load = () => settle(session.load(spec, 0));
    try {
      return new NativeModel(session, await stoppable(signal, () => session.interrupt(), load));
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /** Logits, `[rows * labels]`. */
  predict(batch: RaggedBatch, options: CallOptions = {}): Promise<Float32Array> {
    return this.#calls.make((job) => this.#session.predict(batch, job), options.signal);
  }

  /** What each token of one text adds to a logit. */
  attribute(request: NativeAttributionRequest, options: CallOptions = {}): Promise<NativeAttribution> {
    return this.#calls.make((job) => this.#session.attribute(request, job), options.signal);
  }

  /**
   * Starts a training: AdamW from its first step, and the learning-rate schedule. It replaces an earlier one.
   *
   * @param group the processes that train the model together; absent: this one alone
   */
  async startTraining(options: NativeTrainingOptions, group?: GroupSession): Promise<NativeTraining> {
    this.#training?.replace();
    const training = new NativeTraining(this.#session, this.#calls);
    this.#training = training;
    await settle(this.#session.startTraining(options, group));
    return training;
  }

  /** Writes the weights as safetensors in fp32; the bytes are on disk when the promise resolves. */
  save(file: string, options: CallOptions = {}): Promise<void> {
    return this.#calls.make((job) => this.#session.save(file, job), options.signal);
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
    return this.#calls.make((job) => this.#session.exportTorchScript(file, extraFiles, job), options.signal);
  }

  /** A copy of a parameter, by Hugging Face's name. */
  parameter(name: string): Promise<Float32Array> {
    return settle(this.#session.parameter(name));
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
}
