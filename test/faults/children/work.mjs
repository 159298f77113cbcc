// What the children of the lifetime tests share: models big enough that an event can come in the middle of their work.
import { EventEmitter, once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Classifier, Trainer } from "../../../dist/index.js";
import { NativeModel } from "../../../dist/native/model.js";
import { plainTraining, smallBert } from "../../fixtures/bert.mjs";

const labels = 3;
const config = {
  ...smallBert,
  vocab_size: 60_000,
  hidden_size: 128,
  num_attention_heads: 2,
  intermediate_size: 512,
  max_position_embeddings: 128,
};
const spec = { config, labels, tensors: [], seed: 1, precision: "fp32", threads: 2 };
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

const temporaryFolder = () => mkdtempSync(join(tmpdir(), "tagformer-lifetime-"));

/** Texts and labels for a classifier or a run. */
function datasetOf(rows) {
  const texts = Array.from({ length: rows }, (_, row) => "my parcel is late ".repeat(1 + (row % 8)));
  const labelNames = ["delivery", "money", "access"];
  const values = Float32Array.from({ length: rows * labelNames.length }, (_, i) => i % 2);
  return { source: "parcels", texts, labels: values, labelNames };
}

/** A run of some hundred steps; `stepped` is called at each. */
async function train(model, signal, stepped) {
  const output = join(temporaryFolder(), "model");
  const run = {
    preset: "plain",
    model,
    train: datasetOf(400),
    output,
    epochs: 1,
    batchSize: 4,
    report: false,
  };
  for await (const { type } of new Trainer(run).events({ signal })) if (type === "step") stepped();
}

/**
 * What is under way at each moment: makes ready, and returns what begins a job. `own` keeps a model until it is disposed
 * of, `directory` holds a trained one.
 */
const moments = {
  load: ({ signal }) => ({ begin: () => loadModel({ signal }) }),
  async predict({ own }) {
    const model = own(await loadModel());
    return { begin: () => model.predict(batchOf(128)) };
  },
  async "training step"({ own }) {
    const model = own(await loadModel());
    const training = await model.startTraining(plainTraining);
    return { begin: () => training.step([batchOf(64)]) };
  },
  async save({ own }) {
    const model = own(await loadModel());
    const folder = temporaryFolder();
    const save = (job, part) => model.save(join(folder, `${job}-${part}.safetensors`));
    const parts = [...Array(8).keys()]; // one alone takes 15 ms
    return { begin: (job) => Promise.all(parts.map((part) => save(job, part))) };
  },
  "a classifier's load": ({ signal, directory }) => ({ begin: () => Classifier.load(directory, { signal }) }),
  async "a classifier's predict"({ own, directory }) {
    const classifier = own(await Classifier.load(directory));
    return { begin: () => classifier.predict(datasetOf(500).texts) };
  },
  "a run"({ signal, directory }) {
    const steps = new EventEmitter();
    return { begin: () => train(directory, signal, () => steps.emit("step")), underWay: once(steps, "step") };
  },
  async idle({ own, directory }) {
    own(await loadModel());
    own(await Classifier.load(directory));
    return {};
  },
};

/** Jobs that were begun at a moment of a model's life; none of them is awaited. */
export class Work {
  #stop = new AbortController();
  #models = [];
  #pending = 0;
  #jobs = [];

  static async begin(moment, directory) {
    const work = new Work();
    const { begin, underWay } = await moments[moment]({
      signal: work.#stop.signal,
      directory,
      own(model) {
        work.#models.push(model);
        return model;
      },
    });
    if (begin) work.#jobs = Array.from({ length: jobsAtOnce }, (_, i) => work.#watch(begin(i)));
    await underWay;
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
    this.#stop.abort();
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
