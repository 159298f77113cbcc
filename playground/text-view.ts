// The first tab: a text, and what the chosen models say about it.
import { CodeCard } from "./code-card.js";
import { byId, element } from "./elements.js";
import { type CardEvents, ModelCard } from "./model-card.js";
import type { Model, Server } from "./server.js";

/** How long nobody types before the models are asked. */
const pause = 350;

export class TextView {
  readonly #server: Server;
  readonly #events: CardEvents;
  readonly #text = byId("text", HTMLTextAreaElement);
  readonly #live = byId("live", HTMLInputElement);
  readonly #choices = byId("models", HTMLElement);
  readonly #answers = byId("answers", HTMLElement);
  readonly #panel = byId("text-panel", HTMLElement);
  readonly #code = new CodeCard();
  readonly #cards = new Map<string, ModelCard>();
  #timer: number | undefined;

  constructor(server: Server, events: CardEvents) {
    this.#server = server;
    this.#events = events;
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.askAll();
    });
    this.#live.addEventListener("change", () => this.#typed());
    byId("composer", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.askAll();
    });
    this.#showCode();
  }

  /** The models to choose from; the first is chosen. */
  setModels(models: readonly Model[]): void {
    this.#choices.hidden = models.length < 2;
    const boxes = models.map((model, i) => {
      const box = element("input", { type: "checkbox", value: model.id, checked: i === 0 });
      box.addEventListener("change", () => this.#choose(model, box.checked));
      return element("label", { class: "chip" }, box, element("span", {}, model.id));
    });
    this.#choices.replaceChildren(element("legend", {}, "Models"), ...boxes);
    for (const model of models.slice(0, 1)) this.#choose(model, true);
  }

  /** Asks all chosen models. */
  askAll(): void {
    clearTimeout(this.#timer);
    for (const card of this.#cards.values()) card.ask(this.#text.value);
    this.#showCode();
  }

  #typed(): void {
    clearTimeout(this.#timer);
    this.#showCode();
    if (this.#live.checked) this.#timer = setTimeout(() => this.askAll(), pause);
  }

  #choose(model: Model, chosen: boolean): void {
    const card = this.#cards.get(model.id);
    if (chosen && card === undefined) this.#add(model);
    if (!chosen && card !== undefined) this.#remove(model.id, card);
    this.#panel.classList.toggle("several", this.#cards.size > 1);
    this.#showCode();
  }

  #add(model: Model): void {
    const card = new ModelCard(this.#server, model, this.#events);
    this.#cards.set(model.id, card);
    this.#answers.append(card.node);
    card.ask(this.#text.value);
  }

  #remove(id: string, card: ModelCard): void {
    card.stop();
    card.node.remove();
    this.#cards.delete(id);
  }

  #showCode(): void {
    const [model] = this.#cards.keys();
    const texts = [this.#text.value || "The parcel never arrived."];
    this.#code.show({
      url: this.#server.predictUrl,
      body: { ...(model !== undefined && { model }), texts },
      key: this.#server.key !== undefined,
    });
  }
}
