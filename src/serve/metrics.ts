// What Prometheus collects (https://prometheus.io/docs/practices/naming/): one prefix, base units, and labels of which there is
// a limited number.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { decide } from "../evaluation/scores.js";
import { thresholdsOf } from "../evaluation/tuning.js";
import type { Log } from "./log.js";
import type { ServedModels } from "./models.js";
import { rowOf, type Scored } from "./scored.js";

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const tokens = [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192];
const tenths = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

const batchTotals = [
  ["batches_total", "Batches that were computed", "batches"],
  ["batch_texts_total", "Texts of all batches, or windows of them", "rows"],
  ["batch_tokens_total", "Tokens of all batches, without padding", "tokens"],
  ["padding_tokens_total", "Tokens that batches were padded with", "padding"],
] as const;

/** Of the process, which may have several servers: it is never given up, because its observers cannot be. */
let processRegistry: Registry | undefined;

function processMetrics(): Registry {
  if (!processRegistry) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}

/** The same under the names of text-embeddings-inference, for dashboards that were made for it. */
const teiNames: Readonly<Record<string, string>> = {
  tagformer_requests_total: "te_request_count",
  tagformer_request_duration_seconds: "te_request_duration",
  tagformer_tokenize_duration_seconds: "te_request_tokenization_duration",
  tagformer_queue_duration_seconds: "te_request_queue_duration",
  tagformer_inference_duration_seconds: "te_request_inference_duration",
  tagformer_input_tokens: "te_request_input_length",
  tagformer_queue_texts: "te_queue_size",
};

/** What a server has done so far. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = this.#counter("requests_total", "Requests that were answered", ["route", "code"]);
  readonly #durations = this.#histogram(
    "request_duration_seconds",
    "From arrival to answer",
    ["route"],
    seconds,
  );
  readonly #tokenizing = this.#histogram(
    "tokenize_duration_seconds",
    "Until texts were tokenized",
    ["model"],
    seconds,
  );
  readonly #waiting = this.#histogram(
    "queue_duration_seconds",
    "From then until they were computed",
    ["model"],
    seconds,
  );
  readonly #computing = this.#histogram(
    "inference_duration_seconds",
    "While they were computed",
    ["model"],
    seconds,
  );
  readonly #input = this.#histogram("input_tokens", "Tokens of a text that were read", ["model"], tokens);
  readonly #truncated = this.#counter("truncated_texts_total", "Texts of which something was cut", ["model"]);
  readonly #predictions = this.#counter("predictions_total", "Texts that were given a label", [
    "model",
    "label",
  ]);
  readonly #scores = this.#histogram("score", "Probabilities of a label", ["model", "label"], tenths);
  readonly #rejected = this.#counter("rejected_total", "Requests that were refused, by reason", ["reason"]);
  readonly #cancelled = this.#counter("cancelled_total", "Requests whose client went away", []);
  readonly #stalls = this.#counter("engine_stalls_total", "Times at which a model was found hanging", [
    "model",
  ]);

  constructor(models: ServedModels, state: { readonly inflightBytes: number; readonly log: Log }) {
    this.#gauge("queue_texts", "Texts that wait or are computed", ["model"], (gauge) => {
      for (const { name, slot } of models) gauge.set({ model: name }, slot.current.pending.rows);
    });
    this.#gauge("queue_tokens", "Tokens that wait or are computed", ["model"], (gauge) => {
      for (const { name, slot } of models) gauge.set({ model: name }, slot.current.pending.tokens);
    });
    this.#gauge("queue_age_seconds", "For how long the oldest call has waited", ["model"], (gauge) => {
      for (const { name, slot } of models) gauge.set({ model: name }, slot.current.pending.oldest / 1000);
    });
    this.#gauge("inflight_bytes", "Bytes of bodies in memory", [], (gauge) => gauge.set(state.inflightBytes));
    this.#gauge("log_lines_dropped", "Log lines that no reader took", [], (gauge) =>
      gauge.set(state.log.dropped),
    );
    this.#gauge("model_load_seconds", "How long the model took to load", ["model"], (gauge) => {
      for (const { name, loadSeconds } of models) gauge.set({ model: name }, loadSeconds);
    });
    for (const [name, help, total] of batchTotals)
      this.#total(name, help, (counter) => {
        for (const { name: model, slot } of models) counter.inc({ model }, slot.current.totals[total]);
      });
    const facts = ["model", "precision", "device", "revision", "version"];
    this.#gauge("model_info", "What is served; always 1", facts, (gauge) => {
      gauge.reset();
      for (const { name, slot } of models) {
        const { precision, device, revision, tagformerVersion } = slot.current.info;
        gauge.set({ model: name, precision, device, revision: revision ?? "", version: tagformerVersion }, 1);
      }
    });
  }

  /** A request was answered. */
  answered(route: string, code: number, milliseconds: number): void {
    this.#requests.inc({ route, code });
    this.#durations.observe({ route }, milliseconds / 1000);
  }

  /** A model has scored texts. */
  scored(scored: Scored): void {
    const { model, labels, tokens, times, probabilities } = scored;
    this.#tokenizing.observe({ model }, times.tokenizing / 1000);
    this.#waiting.observe({ model }, times.waiting / 1000);
    this.#computing.observe({ model }, times.computing / 1000);
    for (const read of tokens.read) this.#input.observe({ model }, read);
    this.#truncated.inc({ model }, tokens.cut.filter((cut) => cut > 0).length);
    const decisions = decide(probabilities, labels.length, thresholdsOf(scored));
    for (const [i, label] of labels.entries()) {
      const scores = this.#scores.labels({ model, label });
      let given = 0;
      for (let text = 0; text < tokens.read.length; text++) {
        scores.observe(rowOf(scored, text)[i]!);
        given += decisions[text * labels.length + i]!;
      }
      this.#predictions.inc({ model, label }, given);
    }
  }

  rejected(reason: string): void {
    this.#rejected.inc({ reason });
  }

  cancelled(): void {
    this.#cancelled.inc();
  }

  stalled(model: string): void {
    this.#stalls.inc({ model });
  }

  /** Everything in Prometheus's text format. */
  async text(names: "tagformer" | "te"): Promise<string> {
    const own = await this.#registry.metrics();
    const named =
      names === "te"
        ? own.replace(
            /\btagformer_[a-z_]+?(?=(_bucket|_sum|_count)?[\s{])/g,
            (name) => teiNames[name] ?? name,
          )
        : own;
    return named + (await processMetrics().metrics());
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name: `tagformer_${name}`, help, labelNames, registers: [this.#registry] });
  }

  /** A counter that something else counts: since the model was loaded, as Prometheus expects of what begins anew. */
  #total(name: string, help: string, add: (counter: Counter) => void): void {
    new Counter({
      name: `tagformer_${name}`,
      help,
      labelNames: ["model"],
      registers: [this.#registry],
      collect() {
        this.reset();
        add(this);
      },
    });
  }

  #histogram(name: string, help: string, labelNames: string[], buckets: number[]): Histogram {
    return new Histogram({
      name: `tagformer_${name}`,
      help,
      labelNames,
      buckets,
      registers: [this.#registry],
    });
  }

  #gauge(name: string, help: string, labelNames: string[], measure: (gauge: Gauge) => void): void {
    new Gauge({
      name: `tagformer_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      collect() {
        measure(this);
      },
    });
  }
}
