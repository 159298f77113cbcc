// What a dataset that was made by hand may have wrong.
import { invalidData } from "../base/errors.js";
import { shown } from "../base/parse-options.js";
import { isTexts } from "./compressed-texts.js";
import type { Dataset, LabelledRows } from "./dataset.js";

/**
 * Checks that a value has the fields of a dataset, each of its kind; {@link checkShape} looks at what they hold as well.
 *
 * @throws TagformerError `INVALID_DATA`
 */
export function requireDataset(value: unknown): asserts value is Dataset {
  if (typeof value !== "object" || value === null) {
    throw invalidData(
      `the dataset is ${shown(value)}; expected one, such as readDataset() or datasetFromRows() gives`,
    );
  }
  const { source, texts, ids, groups, lines } = value as Partial<Dataset>;
  if (typeof source !== "string") {
    throw invalidData(`the dataset's source is ${shown(source)}; expected a text that messages name it by`);
  }
  requireLabels(value, source);
  if (!isTexts(texts)) throw notTexts(source, "texts", texts);
  if (ids !== undefined && !isTexts(ids)) throw notTexts(source, "ids", ids);
  if (groups !== undefined && !isTexts(groups)) throw notTexts(source, "groups", groups);
  if (lines !== undefined && !(lines instanceof Int32Array)) {
    throw invalidData(`${source}: lines is ${shown(lines)}; expected an Int32Array`);
  }
}

/**
 * Checks what a split looks at.
 *
 * @param byText whether it looks at texts
 * @throws TagformerError `INVALID_DATA`
 */
export function requireLabelledRows(rows: LabelledRows, byText: boolean): void {
  const name = "the rows to split";
  if (typeof rows !== "object" || rows === null) {
    throw invalidData(`${name} are ${shown(rows)}; expected a dataset`);
  }
  requireLabels(rows, name);
  const count = rows.labels.length / rows.labelNames.length;
  if (!Number.isInteger(count) || count === 0) {
    throw invalidData(
      `${name} have ${rows.labels.length} label values for ${rows.labelNames.length} labels; expected one for every row and label`,
    );
  }
  const { texts, groups } = rows;
  if (byText && texts?.length !== count) {
    throw invalidData(`${name} have no text for each of ${count} rows, but are to be kept together by text`);
  }
  if (groups !== undefined && groups?.length !== count) {
    throw invalidData(`${name} have ${groups?.length} groups for ${count} rows; expected one a row`);
  }
}

function requireLabels(value: Partial<Dataset>, name: string): void {
  const { labelNames, labels } = value;
  if (
    !Array.isArray(labelNames) ||
    labelNames.length === 0 ||
    labelNames.some((one) => typeof one !== "string")
  ) {
    throw invalidData(`${name}: labelNames is ${shown(labelNames)}; expected a list of texts`);
  }
  if (!(labels instanceof Float32Array)) {
    throw invalidData(
      `${name}: labels must be a Float32Array with a value for every row and label, row by row; found ${shown(labels)}`,
    );
  }
}

function notTexts(source: string, field: string, found: unknown): Error {
  return invalidData(`${source}: ${field} is ${shown(found)}; expected an array of texts`);
}

/**
 * Checks all of a dataset.
 *
 * @throws TagformerError `INVALID_DATA`
 */
export function checkShape(dataset: Dataset): void {
  requireDataset(dataset);
  const { source, texts, labelNames, labels, weights, groups } = dataset;
  const refuse = (problem: string) => invalidData(`${source}: ${problem}`);
  if (texts.length === 0) throw refuse("the dataset has no rows");
  const wrong = Array.isArray(texts) ? texts.findIndex((text) => typeof text !== "string") : -1;
  if (wrong >= 0) throw refuse(`text ${wrong} is of type ${typeof texts.at(wrong)}; expected a string`);
  const twice = labelNames.find((name, i) => labelNames.indexOf(name) !== i);
  if (twice !== undefined) throw refuse(`two labels are named ${JSON.stringify(twice)}`);
  const expected = texts.length * labelNames.length;
  if (labels.length !== expected) {
    const shape = `${texts.length} texts and ${labelNames.length} labels`;
    throw refuse(`labels must be a Float32Array with ${expected} values for ${shape}, row by row`);
  }
  const bad = labels.findIndex((label) => label < 0 || label > 1);
  if (bad >= 0) {
    const where = `label ${JSON.stringify(labelNames[bad % labelNames.length])} of row ${Math.floor(bad / labelNames.length)}`;
    throw refuse(`${where} is ${labels[bad]}; expected 0, 1, a value between, or NaN where it is missing`);
  }
  if (weights !== undefined && (!(weights instanceof Float32Array) || weights.length !== texts.length)) {
    throw refuse(`weights must be a Float32Array with ${texts.length} values, one a row`);
  }
  const badWeight = weights?.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY)) ?? -1;
  if (badWeight >= 0) {
    throw refuse(`the weight of row ${badWeight} is ${weights![badWeight]}; expected a number from 0`);
  }
  if (weights !== undefined && !weights.some((weight) => weight > 0)) {
    throw refuse(
      "every row has the weight 0, so that nothing would be learned; expected a weight above 0 in some rows",
    );
  }
  if (groups !== undefined && groups.length !== texts.length) {
    throw refuse(`found ${groups.length} groups for ${texts.length} rows; expected one a row`);
  }
}
