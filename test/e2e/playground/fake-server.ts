// A server that answers as tagformer's does, without a model: what a test says comes at once, also what a real one rarely does.
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { registerPlayground } from "../../../src/serve/playground.js";

interface Question {
  readonly model?: string;
  readonly texts: readonly string[];
  readonly explain?: string;
}

/** The models and the words that set their labels. */
const models: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  tickets: {
    delivery: /parcel|deliver|arriv/i,
    refund: /money|refund|back/i,
    billing: /invoice|charged|card/i,
    bug: /crash|error|broken/i,
    cancellation: /cancel/i,
    urgent: /now|never|immediately/i,
  },
  "tickets-small": {
    delivery: /parcel/i,
    refund: /refund/i,
    billing: /invoice/i,
    bug: /crash/i,
    cancellation: /cancel/i,
    urgent: /immediately/i,
  },
};

const thresholds = { delivery: 0.5, refund: 0.42, billing: 0.5, bug: 0.61, cancellation: 0.5, urgent: 0.35 };

/** Words that a model reads of a text. */
const mostWords = 60;

/** Texts of a request. */
const mostTexts = 32;

/** An answer that is not the usual one: to a request for predictions, or for models. */
export type Instead = (reply: FastifyReply, question: Question | undefined) => unknown;

export class FakeServer {
  readonly app: FastifyInstance = fastify();
  readonly questions: Question[] = [];
  /** Answers in place of the models as long as it is there; `undefined` from it means the usual answer. */
  instead: Instead | undefined;

  /** @param names the models that it has */
  constructor(names: readonly string[] = Object.keys(models), prefix = "") {
    this.app.register(async (app) => this.#serve(app, names), { prefix });
  }

  #serve(app: FastifyInstance, names: readonly string[]): void {
    registerPlayground(app, () => "");
    app.get("/info", () => ({ max_client_batch_size: mostTexts }));
    app.get(
      "/v1/models",
      (_, reply) =>
        this.instead?.(reply, undefined) ?? {
          object: "list",
          data: names.map((id) => ({
            id,
            object: "model",
            labels: Object.keys(models[id]!).map((name) => ({ name })),
            max_length: mostWords,
          })),
        },
    );
    app.post<{ Body: Question }>("/v1/predict", ({ body }, reply) => {
      this.questions.push(body);
      return this.instead?.(reply, body) ?? answer(body);
    });
  }

  /** Starts, and says where. */
  async listen(): Promise<string> {
    return await this.app.listen({ host: "127.0.0.1", port: 0 });
  }
}

function answer({ model = "tickets", texts, explain }: Question): unknown {
  return {
    model,
    thresholds,
    predictions: texts.map((text) => predict(model, text, explain)),
    timings: { tokenize: 0.21, queue: 0.04, inference: 3.1, total: 3.62 },
  };
}

function predict(model: string, text: string, explain: string | undefined): unknown {
  const tokens = tokensOf(text);
  const scores = Object.fromEntries(
    Object.entries(models[model]!).map(([label, words], i) => [label, scoreOf(tokens, words, i)]),
  );
  const labels = Object.keys(scores).filter((label) => scores[label]! > thresholds[label as "bug"]);
  const cut = Math.max(0, text.split(/\s+/).length - mostWords);
  const explanation = explain !== undefined && explained(tokens, models[model]![explain]!, explain);
  return { labels, scores, tokens: { read: tokens.length + 2, cut }, ...(explanation && { explanation }) };
}

function tokensOf(text: string): { token: string; start: number; end: number }[] {
  return [...text.matchAll(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)]
    .slice(0, mostWords)
    .map(({ 0: token, index }) => ({ token, start: index, end: index + token.length }));
}

function scoreOf(tokens: readonly { token: string }[], words: RegExp, label: number): number {
  const hits = tokens.filter(({ token }) => words.test(token)).length;
  return 1 / (1 + Math.exp(2.9 - 0.3 * label - 3.1 * hits));
}

function explained(
  tokens: readonly { token: string; start: number; end: number }[],
  words: RegExp,
  label: string,
) {
  return {
    label,
    windows: 1,
    window: 1,
    tokens: tokens.map(({ token, start, end }, i) => ({
      token,
      start,
      end,
      contribution: words.test(token) ? 3.1 : Math.sin(i) / 2,
    })),
  };
}
