// What all routes ask: a model, some texts, and the limits that every request is held to.
import type { Classifier } from "../classifier.js";
import { decide } from "../evaluation/scores.js";
import type { ResolvedPluginOptions } from "../options/serving.js";
import type { Explanation } from "../predict/explanation.js";
import type { TextScores } from "../predict/prediction.js";
import type { SeenToken } from "../predict/seen-tokens.js";
import { countCutTexts } from "../text/token-counts.js";
import { admit } from "./admission.js";
import type { RequestContext } from "./context.js";
import { ServeError } from "./errors.js";
import type { ServedModel, ServedModels } from "./models.js";

/** Texts that a model is asked about. */
export interface Question {
  /** Name of the model; absent for the first. */
  readonly model?: string | undefined;
  readonly texts: readonly string[];
  /** `false` refuses texts that would be cut. */
  readonly truncate?: boolean | undefined;
  /** Label whose score is explained, text by text. */
  readonly explain?: string | undefined;
  /** The field of the request that holds the texts, for messages. */
  readonly field: string;
}

/** What a model says of some texts. */
export interface Scored extends TextScores {
  /** Name of the model. */
  readonly model: string;
  readonly labels: readonly string[];
  /** One a text, where they were asked for. */
  readonly explanations?: readonly Explanation[] | undefined;
  /** Where it computes. */
  readonly device: string;
}

/** The models of a server behind its limits. */
export class Service {
  readonly models: ServedModels;
  readonly limits: ResolvedPluginOptions;
  /** Whether the server is stopping: it answers, but wants no new clients. */
  isDraining = false;

  constructor(models: ServedModels, limits: ResolvedPluginOptions) {
    this.models = models;
    this.limits = limits;
  }

  /**
   * Scores texts.
   *
   * @throws ServeError; what the model throws; the reason of the request's signal
   */
  async score(context: RequestContext, question: Question): Promise<Scored> {
    const { texts, truncate, explain } = question;
    const { signal } = context;
    const model = this.models.get(question.model);
    this.#checkTexts(question);
    return await model.slot.use(async (classifier) => {
      this.#admit(model, texts, context);
      context.asked = { model: model.name, texts, truncated: 0 };
      const scores = await classifier.score(texts, { signal, truncate });
      requireFinite(scores.probabilities);
      context.asked = { ...context.asked, truncated: countCutTexts(scores.tokens) };
      const explanations =
        explain === undefined ? undefined : await explainAll(classifier, texts, explain, signal);
      const { labels, device } = classifier;
      return { ...scores, model: model.name, labels, device, explanations };
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

  #admit({ slot }: ServedModel, texts: readonly string[], { deadline }: RequestContext): void {
    const { pending, info } = slot.current;
    const maxTokens = info.windows ? Number.POSITIVE_INFINITY : info.maxLength;
    const timeLeft = deadline - performance.now();
    admit(pending, this.limits.maxQueueTokens, { texts, maxTokens, timeLeft });
  }
}

/** One after the other: each takes many passes, and other requests have their turn between them. */
async function explainAll(
  classifier: Pick<Classifier, "explain">,
  texts: readonly string[],
  label: string,
  signal: AbortSignal,
): Promise<Explanation[]> {
  const explanations: Explanation[] = [];
  for (const text of texts) explanations.push(await classifier.explain(text, { label, signal }));
  return explanations;
}

/** Numbers that are none would be `null` in JSON, and no label would be given. */
function requireFinite(probabilities: Float32Array): void {
  if (probabilities.every(Number.isFinite)) return;
  throw new ServeError("backend", "the model gave scores that are no numbers (NaN): its weights are damaged");
}

/** The probabilities of one text, or other values `[texts * labels]`. */
export function rowOf({ probabilities, labels }: Scored, text: number, values = probabilities): Float32Array {
  return values.subarray(text * labels.length, (text + 1) * labels.length);
}

/** The labels of a text that are given: those whose probability is above the threshold. */
export function givenLabels({ labels, thresholds }: Scored, row: Float32Array): string[] {
  const decisions = decide(row, labels.length, thresholds);
  return labels.filter((_, i) => decisions[i] === 1);
}

/** Values of all labels by name. */
export function byLabel({ labels }: Scored, values: ArrayLike<number>): Record<string, number> {
  return Object.fromEntries(labels.map((label, i) => [label, values[i]!]));
}
