// A model's labels as bars: each score against its threshold.
import { element, percent } from "./elements.js";
import type { Prediction } from "./server.js";

/** Bars that are shown before "all labels" is pressed. */
const fewLabels = 12;

/** A list of labels, the highest score first. */
export class Bars {
  readonly node = element("ol", { class: "bars" });
  readonly #more = element("button", { type: "button", class: "quiet", hidden: true });
  readonly #rows = new Map<string, BarRow>();
  readonly #choose: (label: string) => void;
  #chosen: string | undefined;
  #all = false;

  /** @param choose is called with the label whose bar was pressed */
  constructor(choose: (label: string) => void) {
    this.#choose = choose;
    this.#more.addEventListener("click", () => {
      this.#all = true;
      this.#hideRest();
    });
  }

  get more(): HTMLButtonElement {
    return this.#more;
  }

  /** Shows a prediction; bars that were there move to their new length and place. */
  show({ scores, labels }: Prediction, thresholds: Readonly<Record<string, number>>): void {
    const names = Object.keys(scores).toSorted((a, b) => scores[b]! - scores[a]!);
    const before = new Map([...this.#rows].map(([name, { node }]) => [name, node.offsetTop]));
    for (const name of names) this.#rowOf(name).show(scores[name]!, thresholds[name], labels.includes(name));
    const focused = document.activeElement;
    this.node.replaceChildren(...names.map((name) => this.#rows.get(name)!.node));
    if (focused instanceof HTMLElement && this.node.contains(focused)) focused.focus();
    this.#hideRest();
    for (const [name, top] of before) this.#rows.get(name)!.slideFrom(top);
  }

  /** Marks the label that is explained. */
  mark(label: string | undefined): void {
    this.#chosen = label;
    for (const [name, row] of this.#rows) row.press(name === label);
  }

  #rowOf(name: string): BarRow {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = new BarRow(name, () => this.#choose(name));
      row.press(name === this.#chosen);
      this.#rows.set(name, row);
    }
    return row;
  }

  /** Labels that are given are shown wherever they stand. */
  #hideRest(): void {
    const items = [...this.node.children] as HTMLElement[];
    for (const [i, item] of items.entries()) {
      item.hidden = !this.#all && i >= fewLabels && !item.classList.contains("given");
    }
    this.#more.hidden = items.every(({ hidden }) => !hidden);
    this.#more.textContent = `Show all ${items.length} labels`;
  }
}

/** One label: a button that asks for its explanation. */
class BarRow {
  readonly node: HTMLLIElement;
  readonly #button: HTMLButtonElement;
  readonly #score = element("span", { class: "score" });
  readonly #said = element("span", { class: "spoken" });
  readonly #track = element("span", { class: "track", "aria-hidden": "true" });

  constructor(name: string, press: () => void) {
    this.#track.append(element("span", { class: "fill" }), element("span", { class: "mark" }));
    this.#button = element(
      "button",
      { type: "button", class: "bar", "aria-pressed": "false", click: press },
      element("span", { class: "name", title: name }, name),
      this.#track,
      this.#score,
      this.#said,
    );
    this.node = element("li", {}, this.#button);
  }

  show(score: number, threshold: number | undefined, given: boolean): void {
    this.#score.textContent = percent(score);
    this.#track.style.setProperty("--score", `${score}`);
    this.#track.style.setProperty("--threshold", `${threshold ?? 0}`);
    this.node.classList.toggle("given", given);
    const limit = threshold === undefined ? "" : `, threshold ${percent(threshold)}`;
    this.#said.textContent = `${given ? ", given" : ", not given"}${limit}`;
    this.#button.title = `${given ? "Given" : "Not given"}${limit}. Press to see why.`;
  }

  press(pressed: boolean): void {
    this.#button.setAttribute("aria-pressed", `${pressed}`);
  }

  slideFrom(top: number): void {
    const distance = top - this.node.offsetTop;
    if (distance === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.node.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], {
      duration: 220,
      easing: "ease-out",
    });
  }
}
