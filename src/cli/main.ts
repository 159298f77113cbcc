#!/usr/bin/env node
// The command line: verbs and their flags. What each does is in a file of its own.
import { Command, CommanderError } from "commander";
import { messageOf, TagformerError } from "../base/errors.js";
import { packageVersion } from "../base/package.js";
import { reportFailure } from "../distributed/failure-report.js";
import { endWithParent } from "../distributed/processes.js";
import { addBaselineCommand } from "./baseline.js";
import { addCleanCommand } from "./clean.js";
import { addCompareCommand } from "./compare.js";
import { runDoctor } from "./doctor.js";
import { addEvaluateCommand } from "./evaluate.js";
import { addExplainCommand } from "./explain.js";
import { addExportCommand } from "./export.js";
import { addInspectCommand } from "./inspect.js";
import { addPredictCommand } from "./predict.js";
import { addRunsCommand } from "./runs.js";
import { addSearchCommand } from "./search.js";
import { addServeCommand } from "./serve.js";
import { runSetup } from "./setup.js";
import { addSplitCommand } from "./split.js";
import { exitStatus, say, standardOutputFailed } from "./terminal.js";
import { addThresholdsCommand } from "./thresholds.js";
import { addTrainCommand } from "./train.js";

function program(): Command {
  const root = new Command("tagformer")
    .description("Fine-tune and use multi-label text classifiers (BERT and its relatives) inside Node.js.")
    .version(packageVersion())
    .showHelpAfterError("(type the command with --help for its options and an example)");
  addInspectCommand(root);
  addSplitCommand(root);
  addTrainCommand(root);
  addSearchCommand(root);
  addBaselineCommand(root);
  addRunsCommand(root);
  addEvaluateCommand(root);
  addPredictCommand(root);
  addExportCommand(root);
  addThresholdsCommand(root);
  addCompareCommand(root);
  addExplainCommand(root);
  addServeCommand(root);
  root
    .command("setup")
    .description(
      "find or fetch libtorch, then build and test the native add-on; does nothing if that is done already",
    )
    .option("--torch <version>", "version of libtorch (default: any usable one found on this machine)")
    .option("--cuda", "include libtorch's libraries for NVIDIA GPUs (downloads 3 GB if they are missing)")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  tagformer setup\n")
    .action(runSetup);
  root
    .command("doctor")
    .description("check everything that tagformer needs on this machine, and say what is missing")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  tagformer doctor\n")
    .action(runDoctor);
  addCleanCommand(root);
  for (const command of [root, ...root.commands]) command.exitOverride();
  return root;
}

async function main(): Promise<void> {
  endWithParent();
  process.stdout.on("error", standardOutputFailed);
  // A run outlives the terminal that watched it.
  process.stderr.on("error", () => {});
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message; help and version are no errors.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    say(`tagformer: ${messageOf(error)}`);
    // An error that is not ours is a bug: its stack belongs in a report.
    if (!(error instanceof TagformerError) && error instanceof Error) say(error.stack ?? "");
    await reportFailure(error);
    process.exitCode = exitStatus(error);
  }
}

await main();
