// The server that the page came from, as the page speaks to it.
import { failureOf, unreachable } from "./failure.js";

/** A model that the server has. */
export interface Model {
  readonly id: string;
  /** In the model's order. */
  readonly labels: readonly string[];
  /** Texts of a request. */
  readonly mostTexts: number;
}

/** What a model says about a text. */
export interface Prediction {
  readonly labels: readonly string[];
  readonly scores: Readonly<Record<string, number>>;
  readonly tokens: { readonly read: number; readonly cut: number; readonly atLeast?: true };
  readonly explanation?: Explanation;
}

/** What each token adds to a label's score. */
interface Explanation {
  readonly label: string;
  readonly tokens: readonly Contribution[];
  readonly windows: number;
  readonly window: number | null;
}

export interface Contribution {
  readonly token: string;
  readonly start: number;
  readonly end: number;
  readonly contribution: number;
}

/** An answer of `POST /v1/predict`. */
export interface Answer {
  readonly model: string;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly predictions: readonly Prediction[];
  /** Where the time went on the server, in milliseconds. */
  readonly timings: Readonly<Record<string, number>> & { readonly total: number };
}

export interface Question {
  readonly model: string;
  readonly texts: readonly string[];
  /** The label to explain. */
  readonly explain?: string;
}

/** Speaks to the server; every request may be aborted. */
export class Server {
  /** Where the page lies, without query and fragment. */
  readonly base: URL;
  #key: string | undefined;

  constructor(base: URL, key: string | undefined) {
    this.base = base;
    this.#key = key;
  }

  get key(): string | undefined {
    return this.#key;
  }

  /** The API key of the requests to come. */
  useKey(key: string | undefined): void {
    this.#key = key;
  }

  get predictUrl(): string {
    return new URL("v1/predict", this.base).href;
  }

  /** @throws Failure */
  async models(): Promise<Model[]> {
    const [models, info] = await Promise.all(
      ["v1/models", "info"].map((path) => this.#ask(new URL(path, this.base).href, {})),
    );
    const { max_client_batch_size: mostTexts } = info as { max_client_batch_size: number };
    const { data } = models as { data: ModelEntry[] };
    return data.map(({ id, labels }) => ({ id, labels: labels.map(({ name }) => name), mostTexts }));
  }

  /** @throws Failure, and the signal's reason */
  async predict(question: Question, signal: AbortSignal): Promise<Answer> {
    return (await this.#ask(this.predictUrl, {
      method: "POST",
      body: JSON.stringify(question),
      headers: { "content-type": "application/json" },
      signal,
    })) as Answer;
  }

  async #ask(url: string, request: RequestInit): Promise<unknown> {
    const headers = new Headers(request.headers);
    if (this.#key !== undefined) headers.set("authorization", `Bearer ${this.#key}`);
    const response = await fetch(url, { ...request, headers }).catch((error: unknown) => {
      throw error instanceof TypeError ? unreachable() : error; // what a signal throws is no TypeError
    });
    if (!response.ok) throw await failureOf(response);
    return await response.json();
  }
}

/** What `GET /v1/models` says of a model. */
interface ModelEntry {
  readonly id: string;
  readonly labels: readonly { readonly name: string }[];
}
