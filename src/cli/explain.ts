// `tagformer explain`
import { text as readAll } from "node:stream/consumers";
import type { Command } from "commander";
import { explanationOptions } from "../options/calls.js";
import { modelOptions } from "../options/model.js";
import { contributionDigits, describeWindows, type Explanation } from "../predict/explanation.js";
import { explanationPage } from "../report/explanation-page.js";
import { addFlags, takeFlags } from "./flags.js";
import { loadClassifier, modelHelp } from "./model.js";
import { checkOutput, writeOutput } from "./output.js";
import { ensureSetUp } from "./setup.js";
import { note, print, printJson } from "./terminal.js";

interface ExplainFlags {
  readonly model: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** Characters of the longest bar of the table. */
const barWidth = 24;

export function addExplainCommand(root: Command): void {
  const command = root
    .command("explain <text>")
    .description("show what each token of a text adds to the score of a label; - reads standard input")
    .requiredOption("--model <dir|name>", `trained ${modelHelp}`)
    .option("--html <file>", "HTML page to write, with the text colored by contribution");
  // How long texts are read is said when the model is loaded.
  addFlags(command, explanationOptions.omit({ windows: true }));
  addFlags(command, modelOptions)
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      '\nExample:\n  tagformer explain "Where is my parcel?" --model ./tickets-model --label delivery --html why.html\n',
    )
    .action(explain);
}

async function explain(argument: string, flags: ExplainFlags): Promise<void> {
  await checkOutput(flags.html);
  await ensureSetUp();
  const text = argument === "-" ? (await readAll(process.stdin)).replace(/\r?\n$/, "") : argument;
  const given = flags as unknown as Record<string, unknown>;
  await using classifier = await loadClassifier(flags.model, takeFlags(modelOptions, given));
  const explanation = await classifier.explain(text, takeFlags(explanationOptions, given));
  if (flags.html !== undefined) {
    const page = explanationPage(explanation, flags.model);
    await writeOutput(flags.html, (write) => write(page));
    note(`wrote ${flags.html}`);
  }
  if (flags.json) printJson(explanation);
  else print(describe(explanation));
  if (explanation.cut > 0)
    note(`the text was cut at ${classifier.maxLength} tokens: ${explanation.cut} tokens are not explained`);
}

function describe(explanation: Explanation): string {
  const { label, probability, temperature, logit, baselineLogit, baseline, tokens } = explanation;
  const width = Math.max(...tokens.map(({ token }) => token.length));
  const largest = Math.max(...tokens.map(({ contribution }) => Math.abs(contribution)), 1e-12);
  const digits = contributionDigits(tokens);
  const lines = tokens.map(({ token, contribution }) => {
    const length = Math.round((barWidth * Math.abs(contribution)) / largest);
    const bar = (contribution < 0 ? "-" : "+").repeat(length);
    return `${token.padEnd(width)}  ${contribution.toFixed(digits).padStart(digits + 4)}  ${bar}`.trimEnd();
  });
  return [
    `${label}: probability ${probability.toFixed(3)}, logit ${logit.toFixed(3)}${temperature === 1 ? "" : ` (divided by the temperature ${temperature.toFixed(3)})`}; ${baselineLogit.toFixed(3)} with every word ${baseline}`,
    ...describeWindows(explanation),
    "",
    ...lines,
  ].join("\n");
}
