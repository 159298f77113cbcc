// What all routes ask: a model, some texts, and the limits that every request is held to.
import type { CallOptions } from "../base/cancel.js";
import type { Classifier } from "../classifier.js";
import type { ExplanationOptions } from "../options/calls.js";
import type { ResolvedPluginOptions } from "../options/serving.js";
import type { Explanation } from "../predict/explanation.js";
import type { SeenToken } from "../predict/seen-tokens.js";
import { countCutTexts } from "../text/token-counts.js";
import { admit } from "./admission.js";
import type { RequestContext } from "./context.js";
import { ServeError } from "./errors.js";
import { Keys } from "./keys.js";
import { type Log, silent } from "./log.js";
import { Metrics } from "./metrics.js";
import type { ServedModel, ServedModels } from "./models.js";
import type { Scored } from "./scored.js";
import { Watchdog } from "./watchdog.js";

/** Part of the queue beyond which other servers had better be asked. */
const highWater = 0.9;

/** Texts that a model is asked about. */
export interface Question {
  /** Name of the model; absent for the first. */
  readonly model?: string | undefined;
  readonly texts: readonly string[];
  /** `false` refuses texts that would be cut. */
  readonly truncate?: boolean | undefined;
  /** Reads long texts in windows, or cuts them, whatever the model does by itself. */
  readonly windows?: boolean | undefined;
  /** Label whose score is explained, text by text. */
  readonly explain?: string | undefined;
  /** The field of the request that holds the texts, for messages. */
  readonly field: string;
}

/** The models of a server behind its limits, and what is known of how it fares. */
export class Service {
  readonly models: ServedModels;
  readonly limits: ResolvedPluginOptions;
  readonly log: Log;
  readonly keys: Keys | null;
  readonly metrics: Metrics;
  readonly watchdog: Watchdog;
  /** Whether the server is stopping: it answers, but wants no new clients. */
  isDraining = false;
  /** Requests that are not answered yet, and when the last one came. */
  openRequests = 0;
  lastArrival = 0;
  /** Bytes of the bodies of those. */
  inflightBytes = 0;

  constructor(models: ServedModels, limits: ResolvedPluginOptions, log: Log = silent) {
    this.models = models;
    this.limits = limits;
    this.log = log;
    this.keys =
      limits.apiKeyFile === undefined ? null : new Keys(limits.apiKeyFile, (text) => log.event(text));
    this.metrics = new Metrics(models, this);
    for (const model of models) this.#warn(model);
    this.watchdog = new Watchdog(models, (model, error) => {
      this.metrics.stalled(model);
      log.event(`the model ${model} does not answer`, error ?? "it hangs");
    });
  }

  /** Whether new requests are welcome: not while the server stops, nor while a queue is nearly full. */
  get isReady(): boolean {
    const isFull = Array.from(this.models).some(
      ({ slot }) => slot.current.pending.tokens > highWater * this.limits.maxQueueTokens,
    );
    return this.watchdog.isLive && !this.isDraining && !isFull;
  }

  /** Loads all models anew, or one. Each that is bad is left as it was. */
  async reload(name?: string): Promise<string[]> {
    const models = name === undefined ? [...this.models] : [this.models.get(name)];
    for (const model of models) {
      await model.reload();
      this.log.event(`loaded ${model.name} anew`);
      this.#warn(model);
    }
    return models.map((model) => model.name);
  }

  /** What a model says of itself that its users should know. */
  #warn({ name, slot }: ServedModel): void {
    for (const warning of slot.current.info.warnings) this.log.warn(`${name}: ${warning}`);
  }

  /** Frees everything. `answered` waits for the calls that were made. */
  async close(answered: boolean): Promise<void> {
    this.watchdog.close();
    this.keys?.close();
    await (answered ? this.models.close() : this.models.dispose());
  }

  /**
   * Scores texts.
   *
   * @throws ServeError; what the model throws; the reason of the request's signal
   */
  async score(context: RequestContext, question: Question): Promise<Scored> {
    const { texts, truncate, explain, windows } = question;
    const { signal } = context;
    const model = this.models.get(question.model);
    this.#checkTexts(question);
    return await model.slot.use(async (classifier) => {
      this.#admit(model, question, context);
      context.asked = { model: model.name, texts, truncated: 0 };
      const scores = await classifier.score(texts, { signal, truncate, windows });
      requireFinite(scores.probabilities);
      context.asked = { ...context.asked, truncated: countCutTexts(scores.tokens) };
      model.answeredAt = performance.now();
      const explanations =
        explain === undefined
          ? undefined
          : await explainAll(classifier, texts, { label: explain, windows, signal });
      const { labels, device } = classifier;
      const scored = { ...scores, model: model.name, labels, device, explanations };
      this.metrics.scored(scored);
      return scored;
    });
  }

  /** The tokens of texts, of which nothing is cut. */
  async tokens({ signal }: RequestContext, question: Question): Promise<SeenToken[][]> {
    this.#checkTexts(question);
    const { slot } = this.models.get(question.model);
    return await slot.use((classifier) => classifier.tokens(question.texts, { signal }));
  }

  /** Refuses what has too many texts, or too long ones. */
  #checkTexts({ texts, field }: Question): void {
    const { maxClientBatch, maxTextCharacters } = this.limits;
    if (texts.length === 0) throw new ServeError("invalid", `\`${field}\` has no text`, { param: field });
    if (texts.length > maxClientBatch) {
      const message = `batch size ${texts.length} > maximum allowed batch size ${maxClientBatch}`;
      throw new ServeError("too_many_texts", message, { param: field });
    }
    const long = texts.findIndex(({ length }) => length > maxTextCharacters);
    if (long < 0) return;
    const message = `text ${long} of \`${field}\` has ${texts[long]!.length} characters; at most ${maxTextCharacters} are read`;
    throw new ServeError("too_long", message, { param: field });
  }

  #admit({ slot }: ServedModel, { texts, windows }: Question, { deadline }: RequestContext): void {
    const { pending, info } = slot.current;
    const maxTokens = (windows ?? info.windows) ? Number.POSITIVE_INFINITY : info.maxLength;
    const timeLeft = deadline - performance.now();
    admit(pending, this.limits.maxQueueTokens, { texts, maxTokens, timeLeft });
  }
}

/** One after the other: each takes many passes, and other requests have their turn between them. */
async function explainAll(
  classifier: Pick<Classifier, "explain">,
  texts: readonly string[],
  how: ExplanationOptions & CallOptions,
): Promise<Explanation[]> {
  const explanations: Explanation[] = [];
  for (const text of texts) explanations.push(await classifier.explain(text, how));
  return explanations;
}

/** Numbers that are none would be `null` in JSON, and no label would be given. */
function requireFinite(probabilities: Float32Array): void {
  if (probabilities.every(Number.isFinite)) return;
  throw new ServeError("backend", "the model gave scores that are no numbers (NaN): its weights are damaged");
}
