// A text in colours: what speaks for a label and what against it.
import { invalidOption } from "../base/errors.js";
import { requireMadeBy } from "../base/kinds.js";
import { shown } from "../base/parse-options.js";
import { contributionDigits, describeWindows, type Explanation } from "../predict/explanation.js";
import { type Content, html } from "./html.js";
import { renderPage } from "./page.js";
import { decimal, table, tiles } from "./parts.js";

/** The strongest contribution's share of full colour: the text must stay readable on it. */
const strongest = 0.55;

/**
 * A page about an explanation, with the text in colours: one HTML file without scripts.
 *
 * @param model what to call the model
 */
export function explanationPage(explanation: Explanation, model: string): string {
  if (typeof model !== "string") throw invalidOption(`the model's name is ${shown(model)}; expected a text`);
  requireMadeBy("classifier.explain()", explanation, ["label", "tokens", "logit", "baseline"]);
  const { label, probability, temperature, logit, baselineLogit, baseline, tokens, error, cut } = explanation;
  const digits = contributionDigits(tokens);
  return renderPage({
    title: `Why ${label}?`,
    subtitle: `What each token adds to the score that ${model} gives`,
    sections: [
      {
        title: "The text",
        content: [
          html`<p><span class="plus" style="--strength:.4">speaks for ${label}</span>, <span class="minus" style="--strength:.4">speaks against it (dotted line)</span>; the stronger the colour, the more.</p>`,
          html`<p class="explained">${colouredText(explanation)}</p>`,
          ...describeWindows(explanation).map((sentence) => html`<p>${sentence}</p>`),
          cut > 0 &&
            html`<p>The text is too long for the model: ${cut} tokens were cut and are not explained.</p>`,
        ],
      },
      {
        title: "The score",
        content: [
          tiles([
            ["probability", decimal(probability)],
            ["logit", decimal(logit)],
            ...(temperature === 1 ? [] : ([["temperature", decimal(temperature)]] as const)),
            [`logit with every word ${baseline}`, decimal(baselineLogit)],
            [
              "sum of the contributions",
              signed(
                tokens.reduce((sum, { contribution }) => sum + contribution, 0),
                digits,
              ),
            ],
          ]),
          html`<p class="faint">Integrated gradients over the word embeddings: the contributions sum to the difference of the two logits, here within ${error.toExponential(1)}.</p>`,
        ],
      },
      {
        title: "Token by token",
        content: [
          table(
            "Contribution of each token",
            [{ title: "token" }, { title: "contribution" }, { title: "from" }, { title: "to" }],
            tokens.map(({ token, contribution, start, end }) => [
              token,
              signed(contribution, digits),
              ...(start === end ? ["", ""] : [String(start), String(end)]),
            ]),
          ),
        ],
      },
    ],
  });
}

/** A number with its sign. */
function signed(value: number, digits: number): string {
  return `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** The text with a background for each token; characters of several tokens belong to the first. */
function colouredText({ text, tokens }: Explanation): Content[] {
  const digits = contributionDigits(tokens);
  const largest = Math.max(...tokens.map(({ contribution }) => Math.abs(contribution)), 1e-12);
  const parts: Content[] = [];
  let place = 0;
  for (const { start, end, contribution } of tokens) {
    if (end <= place) continue;
    const begin = Math.max(start, place);
    parts.push(text.slice(place, begin));
    const strength = ((strongest * Math.abs(contribution)) / largest).toFixed(3);
    const kind = contribution < 0 ? "minus" : "plus";
    parts.push(
      html`<span class="${kind}" style="--strength:${strength}" title="${signed(contribution, digits)}">${text.slice(begin, end)}</span>`,
    );
    place = end;
  }
  return [...parts, text.slice(place)];
}
