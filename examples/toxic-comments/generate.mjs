// node examples/toxic-comments/generate.mjs FOLDER [--share 1] [--seed 1] [--from FILE]
//
// Writes train.csv, test.csv and test_labels.csv as Kaggle's "Toxic Comment Classification Challenge" has them, with invented
// comments, and model/, a small BERT's config.json and vocab.txt for their words. --share 0.01 writes a hundredth of the rows.
// --from takes real comments instead, from a CSV with the columns comment_text and the six labels: two thirds to train on.
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { readDataset } from "tagformer";
import { labelNames, lookAlikes, shapes } from "./look-alike.mjs";
import { smallModel } from "./small-model.mjs";

/** Writes all files for look-alikes. */
export async function generate(folder, { share = 1, seed = 1 } = {}) {
  mkdirSync(folder, { recursive: true });
  await writeTables(
    folder,
    lookAlikes(scaled(shapes.train, share), seed),
    lookAlikes(scaled(shapes.test, share), seed + 1),
  );
  writeModel(folder);
}

/** Writes all files for real comments. */
export async function generateFrom(folder, file) {
  mkdirSync(folder, { recursive: true });
  const { dataset } = await readDataset(file, { text: "comment_text", labels: labelNames });
  const rows = [];
  for (const [row, text] of dataset.texts.entries()) {
    const labels = Array.from(
      dataset.labels.subarray(row * labelNames.length, (row + 1) * labelNames.length),
    );
    rows.push({ id: String(row + 1).padStart(16, "0"), text, labels });
  }
  const trained = Math.round((rows.length * 2) / 3);
  // As in Kaggle's test data, some rows are not labelled.
  const test = rows
    .slice(trained)
    .map((row, i) => (i % 3 === 0 ? { ...row, labels: labelNames.map(() => -1) } : row));
  await writeTables(folder, rows.slice(0, trained), test);
  writeModel(folder);
}

function scaled({ rows, labelled, positives }, share) {
  const part = (count) => Math.max(1, Math.round(count * share));
  return { rows: part(rows), labelled: part(labelled), positives: positives.map(part) };
}

async function writeTables(folder, train, test) {
  await write(
    join(folder, "train.csv"),
    ["id", "comment_text", ...labelNames],
    train,
    ({ id, text, labels }) => [id, quote(text), ...labels],
  );
  const labelRows = [];
  await write(join(folder, "test.csv"), ["id", "comment_text"], test, ({ id, text, labels }) => {
    labelRows.push({ id, labels });
    return [id, quote(text)];
  });
  await write(join(folder, "test_labels.csv"), ["id", ...labelNames], labelRows, ({ id, labels }) => [
    id,
    ...labels,
  ]);
}

async function write(file, header, rows, cellsOf) {
  const stream = createWriteStream(file);
  const closed = finished(stream);
  let lines = [header];
  for (const row of rows) {
    lines.push(cellsOf(row));
    if (lines.length < 1000) continue;
    if (!stream.write(joined(lines))) await new Promise((resolve) => stream.once("drain", resolve));
    lines = [];
  }
  stream.end(joined(lines));
  await closed;
}

function joined(lines) {
  return lines.map((cells) => `${cells.join(",")}\n`).join("");
}

function quote(text) {
  return `"${text.replaceAll('"', '""')}"`;
}

function writeModel(folder) {
  const { config, vocabulary } = smallModel();
  mkdirSync(join(folder, "model"), { recursive: true });
  writeFileSync(join(folder, "model", "config.json"), `${JSON.stringify(config, null, 2)}\n`);
  writeFileSync(join(folder, "model", "vocab.txt"), `${vocabulary.join("\n")}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { share: { type: "string" }, seed: { type: "string" }, from: { type: "string" } },
  });
  const [folder] = positionals;
  if (!folder) {
    console.error(
      "usage: node examples/toxic-comments/generate.mjs FOLDER [--share 1] [--seed 1] [--from FILE]",
    );
    process.exit(2);
  }
  if (values.from) await generateFrom(folder, values.from);
  else await generate(folder, { share: Number(values.share ?? 1), seed: Number(values.seed ?? 1) });
  console.log(`${folder}: train.csv, test.csv, test_labels.csv, model/`);
}
