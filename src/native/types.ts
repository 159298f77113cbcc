// What crosses the border to the native add-on, as types: what is given to it, what it answers, and its functions.
import type { LabelledBatch, RaggedBatch } from "../text/batch.js";

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
  /** A TorchScript file that is the model, instead of `tensors`; already checked by the caller. */
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
  /**
   * The tensors are a model's for other labels: the layer whose rows are the labels begins anew, even where they hold it.
   */
  readonly freshHead?: boolean;
  /** It will be trained: its weights are not packed for prediction as they are read. */
  readonly training?: boolean;
  /** Of `flash`, `graphs`, `tf32` and `deterministic`, what is tried where the device allows it; see docs/cuda.md. Absent: nothing. */
  readonly experiments?: readonly string[];
}

export interface NativeModelInfo {
  /** Number of parameters (elements). */
  readonly parameters: number;
  /** Names of tensors that were not in the files and were initialised. */
  readonly initialised: readonly string[];
  /** Names of tensors in the files that the architecture does not use. */
  readonly ignored: readonly string[];
  /** Whether the tensors given hold the layer whose rows are the labels. */
  readonly hasHead: boolean;
  /** transformers' class of such classifiers, such as `BertForSequenceClassification`; empty for a TorchScript module. */
  readonly classifierClass: string;
  /** What a user should know of the model's scores; one sentence each. */
  readonly warnings: readonly string[];
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
  readonly schedule: "linear" | "cosine" | "constant";
  readonly warmupSteps: number;
  readonly totalSteps: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Global norm above which gradients are scaled down; 0 turns clipping off. */
  readonly maxGradientNorm: number;
  /**
   * Steps over which the weights are averaged: predictions and files have the averages then, and only the training has the
   * weights; absent or 0: no average.
   */
  readonly averageSteps?: number;
  /** What the learning rate of the head is multiplied by; absent: 1. */
  readonly headRate?: number;
  /** What the bias of the layer whose rows are the labels begins as, `[labels]`; absent: as it is. */
  readonly initialHeadBias?: Float32Array;
  /** Seed of dropout. */
  readonly seed: number;
  /** `false` trains with every dropout rate at 0, whatever the config says. */
  readonly dropout: boolean;
  /** Epsilon is added before the bias correction, not after it; absent: after it. */
  readonly epsilonBeforeCorrection?: boolean;
  /** Absent: plain cross-entropy. */
  readonly loss?: NativeLoss;
  /** How far word embeddings are moved for a second, adversarial pass, in L2 norm; absent or 0: there is none. */
  readonly adversarial?: number;
  /** The logits of a text's windows are averaged; absent: the largest counts. */
  readonly meanOfWindows?: boolean;
  /**
   * The head learns at the full rate, the top layer at this share of it, each layer below at this share of the one above, and
   * the embeddings come after the first layer; absent: all learn at the full rate.
   */
  readonly layerDecay?: number;
  /** Embeddings, and what all layers read, stay as they are. */
  readonly freezeEmbeddings?: boolean;
  /** Lowest layers that stay as they are, and with them the embeddings; absent: none. */
  readonly freezeLayers?: number;
  /** Adds the gradients of several processes in the order of their ranks; absent: as is quickest. */
  readonly ordered?: boolean;
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
  /** Weight of the divergence between two drawings of dropout; absent or 0: one drawing. */
  readonly rDrop?: number;
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
  /** One of several processes wants to end after this step: then all do. */
  readonly stop: boolean;
}

/** The part of a step that one of several processes computes. */
export interface NativeStepShare {
  /** Labelled values of the whole step. */
  readonly labelled: number;
  /** The number of this process's first micro-batch among those of the step. */
  readonly firstMicroBatch: number;
  readonly allMicroBatches: number;
  /** This process wants to end after the step. */
  readonly stop: boolean;
}

/** Where a process stands among those that train one model; see native/distributed/group.h. */
export interface NativeGroupPlace {
  readonly rank: number;
  readonly size: number;
  /** In which they meet; empty: at `host` and `port`. */
  readonly file: string;
  readonly host: string;
  readonly port: number;
  /** This process serves the store. */
  readonly serves: boolean;
  /** The address to listen on. */
  readonly address: string;
  /** Interfaces to listen on instead, with commas between them. */
  readonly interfaces: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** What messages call this process besides its rank. */
  readonly name: string;
}

/** What the processes of a group have exchanged so far. */
export interface GroupStatistics {
  /** Bytes of tensors that were summed or sent to all. */
  readonly bytes: number;
  readonly seconds: number;
  /** Copies between a device and the CPU. */
  readonly stagedCopies: number;
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
export interface NativeAttributionRequest extends RaggedBatch {
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
export interface NativeAttribution {
  /** What each token adds to the logit, `[total]`. */
  readonly contributions: Float64Array;
  readonly logit: number;
  readonly baselineLogit: number;
  readonly error: number;
  /** Number of gradients that were computed. */
  readonly gradients: number;
}

/** What the add-on exports; see native/addon/session.h. */
export interface Addon {
  readonly Session: new (options: { threads: number; cores: number }) => Session;
  readonly Group: new () => GroupSession;
  /** The instruction set that our kernels use, and that of libtorch's operations. */
  readonly kernels: string;
  readonly cpuCapability: string;
  /** Of the libtorch that it was built with. */
  readonly torchVersion: string;
  /** GPUs that the driver has. */
  countGpus(): number;
  /** Ends all native work of this thread's environment and joins its threads. */
  stopAll(): void;
  /** flock without waiting: 0 or errno. */
  lockFile(descriptor: number, exclusive: boolean): number;
  /** 0 or errno. */
  exchangePaths(one: string, other: string): number;
}

export interface Session {
  findDevice(device: string): Promise<string>;
  load(spec: NativeModelSpec, job: number): Promise<NativeModelInfo>;
  predict(batch: RaggedBatch, job: number): Promise<Float32Array>;
  attribute(request: NativeAttributionRequest, job: number): Promise<NativeAttribution>;
  startTraining(options: NativeTrainingOptions, group: GroupSession | undefined): Promise<void>;
  trainStep(
    batches: readonly LabelledBatch[],
    job: number,
    share: NativeStepShare | undefined,
  ): Promise<NativeStep>;
  computeGradients(batch: LabelledBatch): Promise<number>;
  writeCheckpoint(file: string): Promise<void>;
  restoreTraining(tensors: readonly TensorSource[], steps: number): Promise<void>;
  weightsDigest(): Promise<bigint>;
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

/** The processes that train one model together. */
export interface GroupSession {
  meet(place: NativeGroupPlace, facts: string, job: number): Promise<string[]>;
  connect(job: number): Promise<void>;
  exchange(own: Uint8Array, activity: string): Promise<Uint8Array[]>;
  leave(reason: string): Promise<void>;
  statistics(): Promise<GroupStatistics>;
  cancel(job: number): boolean;
}
