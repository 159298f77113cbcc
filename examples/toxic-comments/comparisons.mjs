// comparisons.csv: each test comment with its true and its predicted labels, as the notebook's last table.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify";

/** `logits` are in the order of the dataset's labels. */
export async function writeComparisons(file, { texts, ids, labels, labelNames: names }, logits) {
  const width = names.length;
  const listed = (values, row, above) => names.filter((_, i) => values[row * width + i] > above).join("|");
  function* rows() {
    yield ["id", "comment_text", "true_labels", "pred_labels"];
    for (const [row, text] of texts.entries()) {
      // A probability above 0.5 is a logit above 0.
      yield [ids?.at(row) ?? String(row + 1), text, listed(labels, row, 0.5), listed(logits, row, 0)];
    }
  }
  // A cell that begins like a formula would run in a spreadsheet.
  await pipeline(rows, stringify({ escape_formulas: true }), createWriteStream(file));
}
