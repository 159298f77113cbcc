// `tagformer runs`
import type { Command } from "commander";
import { count, counted } from "../base/counted.js";
import { type ListedRun, listRuns } from "../training/runs.js";
import { note, print, printJson } from "./terminal.js";
import { textTable } from "./text-table.js";

export function addRunsCommand(root: Command): void {
  root
    .command("runs [dir]")
    .description("list the training runs of a folder: finished, in progress, or waiting to be resumed")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  tagformer runs ./models\n")
    .action(runs);
}

async function runs(directory: string | undefined, { json }: { readonly json?: boolean }): Promise<void> {
  const found = await listRuns(directory ?? ".");
  if (json) printJson(found);
  else if (found.length === 0) note(`no runs in ${directory ?? "this folder"}`);
  else print(textTable(found.map((run) => [run.directory, describe(run), ageOf(run.at)])));
}

function describe(run: ListedRun): string {
  const { state, step, totalSteps, epoch, process } = run;
  const reached =
    step === undefined
      ? ""
      : ` step ${count(step)}${totalSteps === undefined ? "" : ` of ${count(totalSteps)}, epoch ${epoch}`}`;
  switch (state) {
    case "running":
      return `running in process ${process!.pid} on ${process!.host}${reached && `, checkpoint at${reached}`}`;
    case "unfinished":
      return `unfinished at${reached}; --resume goes on`;
    case "damaged":
      return "unfinished, and no checkpoint can be read";
    case "stopped":
      return `stopped at${reached}, without a checkpoint`;
    case "finished":
      return `finished${epoch === undefined ? "" : `, epoch ${epoch} kept`}`;
  }
}

const units = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Such as `3 hours ago`. */
function ageOf(at: string | undefined): string {
  if (at === undefined) return "";
  const seconds = Math.max(0, (Date.now() - Date.parse(at)) / 1000);
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? units.at(-1)!;
  const whole = Math.floor(seconds / size);
  return `${counted(whole, unit)} ago`;
}
