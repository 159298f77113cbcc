// comparisons.csv: each test comment as the tokenizer saw it, with its true and its predicted labels: the notebook's last
// table.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";

/** Comments decoded at once. */
const rowsAtOnce = 1024;

/** `logits` are in the order of the classifier's labels. */
export async function writeComparisons(file, classifier, dataset, logits) {
  const names = classifier.labels;
  const truth = columnsOf(dataset, names);
  const listed = (isSet) => names.filter((_, label) => isSet(label)).join("|");
  async function* rows() {
    yield ["id", "comment_text", "true_labels", "pred_labels"];
    for await (const [row, text] of seenTexts(classifier, dataset.texts)) {
      yield [
        dataset.ids?.at(row) ?? String(row + 1),
        text,
        listed((label) => truth(row, label) === 1),
        // A probability above 0.5 is a logit above 0.
        listed((label) => logits[row * names.length + label] > 0),
      ];
    }
  }
  // A cell that begins like a formula would run in a spreadsheet.
  await pipeline(rows, stringify({ escape_formulas: true }), createWriteStream(file));
}

/** Each row with its text, cut and without what the vocabulary lacks. */
async function* seenTexts(classifier, texts) {
  let row = 0;
  let some = [];
  for (const text of texts) {
    some.push(text);
    if (some.length < rowsAtOnce && row + some.length < texts.length) continue;
    for (const seen of await classifier.seenTexts(some)) yield [row++, seen];
    some = [];
  }
}

/** The true value of a row's label, by the label's place in `names`. */
function columnsOf({ labels, labelNames }, names) {
  const columns = names.map((name) => labelNames.indexOf(name));
  return (row, label) => labels[row * labelNames.length + columns[label]];
}
