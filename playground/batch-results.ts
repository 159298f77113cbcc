// What a run over a table has found so far: its state, labels counted, and the first rows.
import type { BatchEvents } from "./batch.js";
import { byId, count, element, percent } from "./elements.js";
import { Failure } from "./failure.js";
import type { Prediction } from "./server.js";

/** Rows that are shown; the file to download has all. */
const shownRows = 100;

/** Characters of a text in a row. */
const shownCharacters = 300;

export class BatchResults implements BatchEvents {
  /** One for each text that has its answer. */
  readonly answers: (Prediction | Failure | undefined)[];
  readonly #texts: readonly string[];
  readonly #node = byId("results", HTMLElement);
  readonly #progress = byId("progress", HTMLProgressElement);
  readonly #state = byId("batch-state", HTMLElement);
  readonly #summary = element("ol", { class: "bars summary" });
  readonly #body = element("tbody");
  readonly #given = new Map<string, number>();
  #done = 0;
  #failed = 0;
  #cut = 0;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.answers = texts.map(() => undefined);
    this.#progress.max = texts.length;
    const shown =
      texts.length > shownRows ? `The first ${shownRows} rows; the download has all.` : "All rows.";
    this.#body.append(...texts.slice(0, shownRows).map((text, i) => rowOf(i, text)));
    this.#node.replaceChildren(
      element("h2", {}, "Labels given"),
      this.#summary,
      element("h2", {}, "Rows"),
      element("p", { class: "note" }, shown),
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" },
        element("table", {}, rowsHeader(), this.#body),
      ),
    );
    this.#node.hidden = false;
    this.#showProgress();
  }

  get unanswered(): readonly number[] {
    return [...this.answers.keys()].filter((row) => this.answers[row] === undefined);
  }

  answered(row: number, answer: Prediction | Failure): void {
    this.answers[row] = answer;
    this.#done++;
    if (answer instanceof Failure) this.#failed++;
    else this.#count(answer);
    this.#body.children[row]?.replaceWith(rowOf(row, this.#texts[row]!, answer));
    this.#showProgress();
  }

  waiting({ kind }: Failure): void {
    const why = kind === "busy" ? "The server is busy" : "The server does not answer";
    this.#state.textContent = `${this.#progressText()}. ${why}: waiting`;
  }

  /** Nothing more is asked for now. */
  end(): void {
    this.#progress.hidden = true;
    const failed = this.#failed > 0 ? `, ${this.#failed} of them refused` : "";
    const cut = this.#cut > 0 ? ` Too long for the model, and cut: ${count(this.#cut, "text")}.` : "";
    const isDone = this.#done === this.#texts.length;
    this.#state.textContent = `${isDone ? "Done" : "Stopped"}: ${this.#progressText()}${failed}.${cut}`;
    this.#summary.replaceChildren(...this.#summaryBars());
  }

  /** Takes everything off the page. */
  clear(): void {
    this.#node.hidden = true;
    this.#progress.hidden = true;
    this.#state.textContent = "";
  }

  #count({ tokens, labels }: Prediction): void {
    if (tokens.cut > 0) this.#cut++;
    for (const label of labels) this.#given.set(label, (this.#given.get(label) ?? 0) + 1);
  }

  #showProgress(): void {
    this.#progress.hidden = false;
    this.#progress.value = this.#done;
    this.#state.textContent = this.#progressText();
  }

  #progressText(): string {
    return `${this.#done.toLocaleString("en")} of ${count(this.#texts.length, "text")}`;
  }

  #summaryBars(): HTMLElement[] {
    const counts = [...this.#given].toSorted(([, a], [, b]) => b - a);
    if (counts.length === 0) return [element("li", { class: "note" }, "No label is above its threshold.")];
    return counts.map(([label, number]) => {
      const fill = element("span", { class: "fill" });
      const track = element("span", { class: "track", "aria-hidden": "true" }, fill);
      track.style.setProperty("--score", `${number / this.#done}`);
      const name = element("span", { class: "name", title: label }, label);
      const score = element("span", { class: "score" }, number.toLocaleString("en"));
      return element("li", { class: "bar given" }, name, track, score);
    });
  }
}

function rowsHeader(): HTMLElement {
  const titles = ["row", "text", "labels", "highest score"];
  return element(
    "thead",
    {},
    element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title))),
  );
}

function rowOf(row: number, text: string, answer?: Prediction | Failure): HTMLTableRowElement {
  const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  return element(
    "tr",
    {},
    element("td", { class: "number" }, `${row + 1}`),
    element("td", { class: "words" }, shown),
    ...answerCells(answer),
  );
}

function answerCells(answer: Prediction | Failure | undefined): HTMLElement[] {
  if (answer === undefined) return [element("td"), element("td")];
  if (answer instanceof Failure) return [element("td", { class: "failed", colspan: "2" }, answer.message)];
  const tags = answer.labels.map((label) => element("span", { class: "tag" }, label));
  const cut = answer.tokens.cut > 0 && element("span", { class: "tag cut" }, "cut");
  const [best] = Object.entries(answer.scores).toSorted(([, a], [, b]) => b - a);
  return [
    element("td", {}, ...tags, cut),
    element("td", { class: "number" }, best === undefined ? "" : `${best[0]} ${percent(best[1])}`),
  ];
}
