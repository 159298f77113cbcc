// What a run predicted for the rows held back, beside its model: for thresholds and comparisons without another pass.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { cannot, invalidModel, invalidOption, isMissing, messageOf, TagformerError } from "../base/errors.js";
import { requirePath } from "../base/kinds.js";
import { clustersOf } from "../data/groups.js";
import { testFile, validationFile } from "./file-names.js";

/** The predictions for some labelled rows. */
export interface StoredPredictions {
  /** Where the rows came from: a file path, or a name. */
  readonly source: string;
  /** The labels, in the order of the values. */
  readonly labelNames: readonly string[];
  /** The rows in `source`, counted from 0. */
  readonly rows: Int32Array;
  /** A digest of each row's text: tells whether two runs looked at the same rows. */
  readonly digests: readonly string[];
  /** A digest of each row's group, blank where it is of none; absent when there are no groups. */
  readonly groups?: readonly string[];
  /** `[rows * labels]`, before temperatures. */
  readonly logits: Float32Array;
  /** `[rows * labels]`: 0, 1 or a soft value between; NaN where a row is not labelled. */
  readonly labels: Float32Array;
}

const headerLine = z.object({
  formatVersion: z.literal(1),
  source: z.string(),
  labels: z.array(z.string()).min(1),
});
const rowLine = z.object({
  row: z.int().min(0),
  text: z.string(),
  group: z.string().optional(),
  labels: z.array(z.number().min(0).max(1).nullable()),
  logits: z.array(z.number()),
});

/** Rows written at once. */
const chunkRows = 256;

/** What stands for a text in {@link StoredPredictions}. */
export function textDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** Which rows are of one text or group, as {@link clustersOf} says it of a dataset. */
export function clustersOfStored({ labels, labelNames, digests, groups }: StoredPredictions): Int32Array {
  return clustersOf({ labels, labelNames, texts: digests, ...(groups && { groups }) });
}

/** The file's content, piece by piece: a line about all rows, then one for each. */
export function* predictionLines(predictions: StoredPredictions): Generator<string> {
  const { source, labelNames, rows, digests, groups, logits, labels } = predictions;
  const width = labelNames.length;
  yield `${JSON.stringify({ formatVersion: 1, source, labels: labelNames })}\n`;
  for (let first = 0; first < rows.length; first += chunkRows) {
    let chunk = "";
    for (let i = first; i < Math.min(first + chunkRows, rows.length); i++) {
      const of = (values: Float32Array) => Array.from(values.subarray(i * width, (i + 1) * width), shortest);
      // NaN becomes null.
      chunk += `${JSON.stringify({ row: rows[i], text: digests[i], group: groups?.[i], labels: of(labels), logits: of(logits) })}\n`;
    }
    yield chunk;
  }
}

/**
 * The validation predictions beside a model.
 *
 * @throws TagformerError `INVALID_OPTION` when there are none, `INVALID_MODEL` when they are damaged, `IO`
 */
export async function readValidation(directory: string): Promise<StoredPredictions> {
  requirePath(directory, "model directory");
  const found = await readPredictions(join(directory, validationFile));
  if (found !== null) return found;
  throw invalidOption(
    `${directory} has no ${validationFile}: only a training run with validation rows stores its predictions for them`,
  );
}

/**
 * The test predictions beside a model; `null` when its run had no test rows.
 *
 * @throws TagformerError `INVALID_MODEL` when they are damaged, `IO`
 */
export async function readTest(directory: string): Promise<StoredPredictions | null> {
  return await readPredictions(join(directory, testFile));
}

async function readPredictions(file: string): Promise<StoredPredictions | null> {
  const rows: number[] = [];
  const digests: string[] = [];
  const groups: string[] = [];
  const logits: number[] = [];
  const labels: number[] = [];
  let header: z.output<typeof headerLine> | undefined;
  try {
    for await (const line of createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      if (header === undefined) {
        header = parseLine(headerLine, line, file, 1);
        continue;
      }
      const row = parseLine(rowLine, line, file, rows.length + 2);
      if (row.labels.length !== header.labels.length || row.logits.length !== header.labels.length) {
        throw damaged(file, rows.length + 2, `expected ${header.labels.length} labels and logits`);
      }
      rows.push(row.row);
      digests.push(row.text);
      groups.push(row.group ?? "");
      for (const logit of row.logits) logits.push(logit);
      for (const label of row.labels) labels.push(label ?? Number.NaN);
    }
  } catch (error) {
    if (error instanceof TagformerError) throw error;
    if (isMissing(error)) return null;
    throw cannot(`read ${file}`, error);
  }
  if (header === undefined || rows.length === 0) throw damaged(file, 1, "the file ends");
  return {
    source: header.source,
    labelNames: header.labels,
    rows: Int32Array.from(rows),
    digests,
    ...(groups.some((group) => group !== "") && { groups }),
    logits: Float32Array.from(logits),
    labels: Float32Array.from(labels),
  };
}

function parseLine<T>(schema: z.ZodType<T>, line: string, file: string, number: number): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw damaged(file, number, messageOf(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw damaged(file, number, `${path.join(".")}: ${message}`);
}

function damaged(file: string, line: number, problem: string): TagformerError {
  return invalidModel(`${file}, line ${line} is damaged: ${problem}; train again`);
}

/** Nine digits tell any two numbers of single precision apart. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
