// What the children of the lifetime tests share: a model big enough that an event can come in the middle of its work.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NativeModel } from "../../../dist/native.js";

const labels = 3;
const config = {
  model_type: "bert",
  vocab_size: 60_000,
  hidden_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 512,
  max_position_embeddings: 128,
};
const spec = { config, labels, tensors: [], seed: 1, precision: "fp32", threads: 2 };
const training = {
  learningRate: 1e-3,
  schedule: "constant",
  warmupSteps: 0,
  totalSteps: 100,
  weightDecay: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  maxGradientNorm: 1,
  seed: 1,
  dropout: true,
};
/** Jobs of one kind that are begun at once: one runs, the others wait. */
const jobsAtOnce = 3;

export function loadModel(options) {
  return NativeModel.load(spec, options);
}

/** What a fresh model says about some rows. */
export async function answer(Model = NativeModel) {
  const model = await Model.load({ ...spec, config: { ...config, vocab_size: 1000 } });
  const logits = await model.predict({ ids: Int32Array.of(1, 2, 3, 4, 5), offsets: Int32Array.of(0, 2, 5) });
  await model.dispose();
  return Array.from(logits);
}

/** Rows of 128 tokens. */
export function batchOf(rows) {
  return {
    ids: Int32Array.from({ length: rows * 128 }, (_, i) => (i * 7919) % config.vocab_size),
    offsets: Int32Array.from({ length: rows + 1 }, (_, i) => i * 128),
    labels: Float32Array.from({ length: rows * labels }, (_, i) => i % 2),
  };
}

/** Jobs that were begun at a moment of a model's life; none of them is awaited. */
export class Work {
  #stopLoading = new AbortController();
  #models = [];
  #pending = 0;
  #jobs = [];

  static async begin(moment) {
    const work = new Work();
    if (moment !== "load") work.#models.push(await loadModel());
    const [model] = work.#models;
    if (moment === "training step") await model.startTraining(training);
    const folder = moment === "save" ? mkdtempSync(join(tmpdir(), "tagformer-lifetime-")) : "";
    const begin = {
      load: () => loadModel({ signal: work.#stopLoading.signal }),
      predict: () => model.predict(batchOf(128)),
      "training step": () => model.trainStep([batchOf(64)]),
      save: (i) => model.save(join(folder, `${i}.safetensors`)),
    }[moment];
    if (begin) work.#jobs = Array.from({ length: jobsAtOnce }, (_, i) => work.#watch(begin(i)));
    return work;
  }

  /** Jobs that have not settled. */
  get pending() {
    return this.#pending;
  }

  /** How each job ends: "done", or the code or name of its error. */
  outcomes() {
    return Promise.all(this.#jobs);
  }

  dispose() {
    this.#stopLoading.abort();
    return Promise.all(this.#models.map((model) => model.dispose()));
  }

  async #watch(job) {
    this.#pending++;
    try {
      await job;
      return "done";
    } catch (error) {
      return typeof error.code === "string" ? error.code : error.name;
    } finally {
      this.#pending--;
    }
  }
}

/** Prints a line that the test reads, at once: what was printed before a crash counts too. */
export function report(values) {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}
