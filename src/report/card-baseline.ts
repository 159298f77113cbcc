// The part of a model card about the bag of words beside the model, and the card of a bag of words by itself.
import { basename } from "node:path";
import { cardMark } from "../model/file-names.js";
import {
  type BaselineFigures,
  baselineTable,
  describeBaselineRows,
  notBetterThanBaseline,
} from "./baseline-words.js";
import { usage } from "./card-usage.js";
import { markdownTable, markdownText as text } from "./markdown.js";

const place = "## Use\n";

/** A card with the comparison; a card that somebody made their own stays as it is. */
export function cardWithBaseline(card: string, figures: BaselineFigures): string {
  const at = card.indexOf(place);
  if (!card.includes(cardMark) || at < 0) return card;
  const [head = [], ...rows] = baselineTable(figures);
  const section = [
    "## Beside a bag of words",
    [notBetterThanBaseline(figures), `${describeBaselineRows(figures)}:`]
      .filter((part) => part !== null)
      .join(" "),
    markdownTable(head, rows),
  ].join("\n\n");
  return `${card.slice(0, at)}${section}\n\n${card.slice(at)}`;
}

/** The card of a bag of words. */
export function baselineCard(name: string, data: string, trainingRows: number): string {
  const metadata = { pipeline_tag: "text-classification", tags: ["tagformer", "multi-label-classification"] };
  const fields = Object.entries(metadata).map(([field, value]) => `${field}: ${JSON.stringify(value)}\n`);
  return `---\n${fields.join("")}---\n\n${cardMark}\n\n${[
    `# ${text(name)}`,
    `A multi-label text classifier that knows words and characters but not their order: a logistic regression for each label over TF-IDF, trained with tagformer on ${trainingRows} rows of ${text(basename(data))}.`,
    "## Use",
    usage(false),
  ].join("\n\n")}\n`;
}
