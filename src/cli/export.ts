// `tagformer export`
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { type ExportOptions, exportOptions } from "../options/calls.js";
import { modelOptions } from "../options/model.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, modelHelp } from "./model.js";
import { ensureSetUp } from "./setup.js";

/** What loading a model may need; it computes in fp32 on the CPU whatever the other options. */
const loadingOptions = modelOptions.pick({ tokenizer: true, trust: true });

interface ExportFlags extends ExportOptions {
  readonly output: string;
  readonly json?: boolean;
}

export function addExportCommand(root: Command): void {
  const command = root
    .command("export <model>")
    .description(`write a trained model for other programs, in fp32: ${modelHelp}`)
    .requiredOption("--output <file>", "file to write");
  addFlags(command, exportOptions);
  addFlags(command, loadingOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExamples:\n  tagformer export ./tickets-model --output tickets.pt\n  tagformer export ./tickets-model --format safetensors --output tickets.safetensors\n",
    )
    .action(runExport);
}

async function runExport(model: string, flags: ExportFlags): Promise<void> {
  const { output, format, json } = flags;
  await ensureSetUp();
  const loading = takeFlags(loadingOptions, flags as unknown as Record<string, unknown>);
  await using classifier = await loadClassifier(model, { ...loading, precision: "fp32", device: "cpu" });
  const check = await classifier.export(output, format === undefined ? {} : { format });
  const written = await stat(output).catch(() => null); // /dev/fd/63 may be closed by now
  const bytes = written?.isFile() ? written.size : null;
  if (json) {
    process.stdout.write(`${JSON.stringify({ output, bytes, check: check ?? null })}\n`);
    return;
  }
  process.stdout.write(`Wrote ${output}.\n`);
  if (!check) return;
  const { texts, shortest, longest, difference } = check;
  process.stdout.write(
    `Loaded again: the logits of ${texts} texts of ${shortest} to ${longest} tokens differ by at most ${difference.toExponential(1)}.\n`,
  );
}
