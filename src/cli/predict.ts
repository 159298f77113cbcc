// `tagformer predict`
import { access } from "node:fs/promises";
import type { Command } from "commander";
import { counted } from "../base/counted.js";
import { TagformerError } from "../base/errors.js";
import { parseOptions } from "../base/parse-options.js";
import type { Classifier } from "../classifier.js";
import { checkReadable, standardInput } from "../data/bytes.js";
import { readTexts, type TextRow } from "../data/read.js";
import { isInShard, type Shard } from "../data/shard.js";
import { type Part, partOfParent } from "../distributed/processes.js";
import { shareOfMachine } from "../distributed/share.js";
import { classifierOptions } from "../options/model.js";
import { type CutTexts, noteCutTexts } from "./cut-texts.js";
import { addTextFlags, type TextFlags, textReading } from "./data-flags.js";
import { addFlags, parseCount, takeFlags } from "./flags.js";
import { loadClassifier, modelHelp } from "./model.js";
import { splitNames } from "./names.js";
import { checkOutput, writeOutput } from "./output.js";
import { predictInProcesses } from "./predict-processes.js";
import { CsvTable, JsonTable } from "./prediction-table.js";
import { ensureSetUp } from "./setup.js";
import { findShard, shardFile } from "./shards.js";
import { note } from "./terminal.js";

interface PredictFlags extends TextFlags {
  readonly model: string;
  readonly out?: string;
  readonly labels?: string[];
  readonly tokens?: boolean;
  readonly json?: boolean;
  readonly shard?: string;
  readonly shards?: number;
  readonly processes?: number;
  readonly skipExisting?: boolean;
}

export function addPredictCommand(root: Command): void {
  const command = root
    .command("predict <data...>")
    .description("classify the texts of tables, or with - the lines of standard input")
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--out <file>", "CSV file to write (default: standard output)")
    .option("--labels <a,b,c>", "names of the scores of a TorchScript file, in order", splitNames);
  addTextFlags(command);
  addFlags(command, classifierOptions.omit({ labels: true }))
    .option("--tokens", "add two columns: how many tokens of each text were read, and how many were cut")
    .option("--json", "print one JSON document instead of CSV")
    .option(
      "--shard <i/n>",
      "only one of n parts, from 0/n; auto: the part of this task of a Kubernetes Indexed Job, a SLURM array or torchrun",
    )
    .option("--shards <n>", "number of parts, where --shard does not say it", parseCount)
    .option("--processes <n>", "n processes, each of which computes and writes a part", parseCount)
    .option("--skip-existing", "do nothing where the file to write is there already")
    .addHelpText(
      "after",
      '\nExamples:\n  tagformer predict new.csv --model ./tickets-model --out predictions.csv\n  echo "Where is my parcel?" | tagformer predict - --model ./tickets-model\n  tagformer predict new-*.parquet --model ./tickets-model --shard 3/16 --out predictions.csv --skip-existing\n',
    )
    .action(predict);
}

async function predict(tables: string[], flags: PredictFlags): Promise<void> {
  const part = partOfParent();
  const shard = part ?? findShard(flags.shard, flags.shards);
  const out = flags.out !== undefined && shard ? shardFile(flags.out, shard) : flags.out;
  for (const table of tables) await checkReadable(table);
  await checkOutput(out);
  if (flags.processes !== undefined && part === null) {
    requireParts(tables, flags, shard);
    await ensureSetUp();
    return await predictInProcesses(flags.processes, flags.out!);
  }
  if (flags.skipExisting && (await exists(out))) return note(`${out} is there already: nothing to do`);
  const given = takeFlags(classifierOptions, flags as unknown as Record<string, unknown>);
  await using classifier = await loadClassifier(
    flags.model,
    part === null ? given : await withShareOfMachine(given, part),
  );
  const started = performance.now();
  const counts = await writePredictions(classifier, tables, flags, shard, out);
  const seconds = (performance.now() - started) / 1000;
  if (out)
    note(`${counted(counts.texts, "text")}, ${(counts.texts / seconds).toFixed(0)} a second, to ${out}`);
  noteCutTexts(counts);
}

/** Of several processes each has a GPU where there are such, or its part of the cores. */
async function withShareOfMachine(
  given: Record<string, unknown>,
  { index, count }: Part,
): Promise<Record<string, unknown>> {
  const { device, threads } = parseOptions(classifierOptions, given);
  const place = { localRank: index, localSize: count };
  return { ...given, ...(await shareOfMachine({ device, threads }, place, { share: true })) };
}

/** @throws TagformerError `INVALID_OPTION` for what several processes cannot do */
function requireParts(tables: readonly string[], flags: PredictFlags, shard: Shard | undefined): void {
  const problem = shard
    ? "--processes deals the parts itself; leave --shard out"
    : flags.out === undefined
      ? "--processes writes a file for each part; name them with --out"
      : tables.includes(standardInput)
        ? "--processes reads the table in each process; standard input can be read once"
        : flags.processes === 0
          ? "--processes is 0; expected a number from 1"
          : undefined;
  if (problem !== undefined) throw new TagformerError("INVALID_OPTION", problem);
}

async function exists(out: string | undefined): Promise<boolean> {
  if (out === undefined) {
    throw new TagformerError(
      "INVALID_OPTION",
      "--skip-existing looks for the file to write; name it with --out",
    );
  }
  return await access(out).then(
    () => true,
    () => false,
  );
}

async function writePredictions(
  classifier: Classifier,
  tables: readonly string[],
  flags: PredictFlags,
  shard: Shard | undefined,
  out: string | undefined,
): Promise<CutTexts> {
  const { json = false, tokens = false } = flags;
  const several = tables.length > 1;
  const written = json ? new JsonTable() : new CsvTable(classifier.labels, { files: several, tokens });
  let texts = 0;
  let cut = 0;
  await writeOutput(out, async (write) => {
    for await (const { table, rows } of chunksOf(tables, flags, shard)) {
      const predictions = await classifier.predict(rows.map((row) => row.text));
      await write(written.rows(rows, predictions, several ? table : undefined));
      texts += rows.length;
      cut += predictions.filter((prediction) => prediction.tokens.cut > 0).length;
    }
    await write(written.end());
  });
  return { texts, cut, maxLength: classifier.maxLength };
}

/** The rows of the tables, or those of a shard: of one table every n-th row, of several every n-th table. */
async function* chunksOf(
  tables: readonly string[],
  flags: PredictFlags,
  shard: Shard | undefined,
): AsyncGenerator<{ readonly table: string; readonly rows: readonly TextRow[] }> {
  const reading = textReading(flags);
  if (shard === undefined || tables.length === 1) {
    for (const table of tables) {
      for await (const rows of readTexts(table, { ...reading, shard })) yield { table, rows };
    }
    return;
  }
  for (const [i, table] of tables.entries()) {
    if (!isInShard(shard, i)) continue;
    for await (const rows of readTexts(table, reading)) yield { table, rows };
  }
}
