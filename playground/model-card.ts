// What one model says about the text: bars, and why.
import { Bars } from "./bars.js";
import { count, element, freshId } from "./elements.js";
import { explainedText } from "./explained.js";
import type { Failure } from "./failure.js";
import { NoticePlace } from "./notice.js";
import type { Answer, Model, Prediction, Server } from "./server.js";

/** What a card tells the page. */
export interface CardEvents {
  /** A request failed. */
  readonly failed: (failure: unknown) => void;
  /** A sentence for readers who do not see the bars. */
  readonly answered: (sentence: string) => void;
}

/** Labels that are named before there is an answer. */
const mostHinted = 24;

export class ModelCard {
  readonly node: HTMLElement;
  readonly #server: Server;
  readonly #model: Model;
  readonly #events: CardEvents;
  readonly #time = element("span", { class: "note" });
  readonly #verdict = element("p", { class: "verdict" });
  readonly #cut = element("p", { class: "warning", hidden: true });
  readonly #notice = new NoticePlace();
  readonly #why = element("div", { class: "why", hidden: true });
  readonly #bars = new Bars((label) => this.#explain(label));
  #asked = new AbortController();
  #text = "";
  #answer: Answer | undefined;
  /** The label that was pressed: it is explained for the texts to come too. */
  #chosen: string | undefined;

  constructor(server: Server, model: Model, events: CardEvents) {
    this.#server = server;
    this.#model = model;
    this.#events = events;
    const title = freshId();
    this.node = element(
      "section",
      { class: "card answer empty", "aria-labelledby": title },
      element("header", {}, element("h2", { id: title }, model.id), this.#time),
      this.#notice.node,
      element("p", { class: "hint" }, ...hint(model)),
      this.#verdict,
      this.#cut,
      this.#bars.node,
      this.#bars.more,
      this.#why,
    );
  }

  /** Asks for this text from now on; what was asked before is given up. */
  async ask(text: string): Promise<void> {
    this.stop();
    this.#text = text;
    if (text === "") return this.#empty();
    const { signal } = this.#asked;
    this.node.setAttribute("aria-busy", "true");
    try {
      const answer = await this.#server.predict({ model: this.#model.id, texts: [text] }, signal);
      this.#show(answer);
      await this.#showWhy(this.#labelToExplain(answer.predictions[0]!), signal);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      if (!signal.aborted) this.node.removeAttribute("aria-busy");
    }
  }

  /** Gives up what was asked. */
  stop(): void {
    this.#asked.abort();
    this.#asked = new AbortController();
    this.#notice.clear();
    this.node.removeAttribute("aria-busy");
  }

  #empty(): void {
    this.#answer = undefined;
    this.node.classList.add("empty");
  }

  #show(answer: Answer): void {
    const prediction = answer.predictions[0]!;
    this.#answer = answer;
    this.node.classList.remove("empty", "stale");
    this.#time.textContent = `${answer.timings.total.toFixed(1)} ms`;
    this.#time.title = timesOf(answer);
    this.#verdict.replaceChildren(...verdict(prediction));
    this.#cut.textContent = cutSentence(prediction);
    this.#cut.hidden = prediction.tokens.cut === 0;
    this.#bars.show(prediction, answer.thresholds);
    this.#events.answered(spoken(this.#model.id, prediction));
  }

  #labelToExplain({ scores }: Prediction): string {
    if (this.#chosen !== undefined && this.#chosen in scores) return this.#chosen;
    return Object.keys(scores).reduce((best, name) => (scores[name]! > scores[best]! ? name : best));
  }

  async #explain(label: string): Promise<void> {
    this.#chosen = label;
    if (this.#answer === undefined) return;
    this.stop();
    const { signal } = this.#asked;
    try {
      await this.#showWhy(label, signal);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  async #showWhy(label: string, signal: AbortSignal): Promise<void> {
    const text = this.#text;
    this.#bars.mark(label);
    this.#why.classList.add("stale");
    const question = { model: this.#model.id, texts: [text], explain: label };
    const { predictions } = await this.#server.predict(question, signal).catch((error: Failure) => {
      // A model whose answers cannot be explained has answered all the same.
      if (error.kind === "refused") return { predictions: [] };
      throw error;
    });
    const [prediction] = predictions;
    this.#why.classList.remove("stale");
    this.#why.hidden = prediction?.explanation === undefined;
    if (prediction === undefined) return;
    this.#why.replaceChildren(whyHeading(label), ...explainedText(text, prediction));
  }

  #fail(error: unknown): void {
    this.node.classList.toggle("stale", this.#answer !== undefined);
    this.#notice.show(error, () => this.ask(this.#text));
    this.#events.failed(error);
  }
}

/** What stands in place of an answer: what there is to expect. */
function hint({ labels }: Model): (Node | string)[] {
  const tags = labels.slice(0, mostHinted).map((label) => element("span", { class: "tag plain" }, label));
  const more = labels.length > mostHinted && `and ${labels.length - mostHinted} more`;
  return [
    "Each text is given none, one or several of these labels.",
    element("span", { class: "tags" }, ...tags, more),
  ];
}

function verdict({ labels }: Prediction): HTMLElement[] {
  if (labels.length === 0) return [element("span", { class: "none" }, "No label is above its threshold")];
  return labels.map((label) => element("span", { class: "tag" }, label));
}

function whyHeading(label: string): HTMLElement {
  return element(
    "header",
    {},
    element("h3", {}, "Why ", element("b", {}, label), "?"),
    element(
      "span",
      { class: "legend" },
      element("span", { class: "plus" }, "for it"),
      element("span", { class: "minus" }, "against it"),
    ),
  );
}

function timesOf({ timings }: Answer): string {
  const parts = Object.entries(timings).map(
    ([what, milliseconds]) => `${what} ${milliseconds.toFixed(1)} ms`,
  );
  return `On the server: ${parts.join(", ")}`;
}

function cutSentence({ tokens: { read, cut, atLeast } }: Prediction): string {
  return `The model has read ${count(read, "token")}. The rest of the text, ${atLeast ? "at least " : ""}${count(cut, "token")}, was cut.`;
}

function spoken(model: string, { labels, scores, tokens }: Prediction): string {
  const cut = tokens.cut > 0 ? ` ${count(tokens.cut, "token")} were cut.` : "";
  const given = labels.length === 0 ? "no label" : labels.join(", ");
  return `${model}: ${given}, of ${count(Object.keys(scores).length, "label")}.${cut}`;
}
