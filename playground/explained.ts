// Why a label has its score: the text in colors.
import { element } from "./elements.js";
import { type Part, partsOf } from "./parts-of-text.js";
import type { Contribution, Prediction } from "./server.js";

/** The strongest contribution's share of full color: the text must stay readable on it. */
const strongest = 0.5;

/** Tokens in the list of the strongest. */
const listed = 5;

/** The text of a prediction with its explanation, and the strongest tokens in words. */
export function explainedText(text: string, { explanation, tokens }: Prediction): HTMLElement[] {
  if (explanation === undefined) return [];
  const largest = Math.max(...explanation.tokens.map(({ contribution }) => Math.abs(contribution)), 1e-12);
  const parts = partsOf(text, explanation.tokens, tokens.cut > 0);
  return [
    element("p", { class: "explained" }, ...parts.map((part) => shownPart(part, largest))),
    strongestTokens(text, explanation.tokens),
    ...windowNote(explanation),
  ];
}

function shownPart({ text, contribution, cut }: Part, largest: number): Node {
  if (cut) return element("s", { class: "cut", title: "The model did not read this" }, text);
  if (contribution === null) return document.createTextNode(text);
  const kind = contribution < 0 ? "minus" : "plus";
  const part = element("span", { class: kind, title: signed(contribution) }, text);
  part.style.setProperty("--strength", ((strongest * Math.abs(contribution)) / largest).toFixed(3));
  return part;
}

/** What the colors say, for those who do not see them. */
function strongestTokens(text: string, tokens: readonly Contribution[]): HTMLElement {
  const strongestFirst = tokens
    .filter(({ start, end }) => end > start)
    .toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, listed);
  const items = strongestFirst.map(({ start, end, contribution }) =>
    element(
      "li",
      { class: contribution < 0 ? "minus" : "plus" },
      text.slice(start, end).trim(),
      element("span", { class: "number" }, signed(contribution)),
    ),
  );
  return element("ul", { class: "strongest", "aria-label": "The strongest tokens" }, ...items);
}

function windowNote({ windows, window }: NonNullable<Prediction["explanation"]>): HTMLElement[] {
  if (windows === 1) return [];
  const which =
    window === null ? "All of them are explained." : `Window ${window} decides, and is explained.`;
  return [element("p", { class: "note" }, `The text was read in ${windows} windows. ${which}`)];
}

function signed(value: number): string {
  const digits = Math.abs(value) < 0.01 ? 4 : 2;
  return `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;
}
