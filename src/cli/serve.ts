// `tagformer serve`
import { type Command, InvalidArgumentError, type Option } from "commander";
import { messageOf } from "../base/errors.js";
import { classifierOptions } from "../options/model.js";
import { servingOptions } from "../options/serving.js";
import { nameOfModel, sourcesByName } from "../serve/models.js";
import type { ModelServer } from "../serve/server.js";
import { addFlags, takeFlags } from "./flags.js";
import { modelHelp, usableModel } from "./model.js";
import { splitNames } from "./names.js";
import { note, print } from "./terminal.js";

interface ServeFlags {
  readonly name?: readonly Named[];
}

export function addServeCommand(root: Command): void {
  const command = root
    .command("serve [models...]")
    .description(`serve models over HTTP: each a trained ${modelHelp}`)
    .option("--name <name=model>", "serve a model under a name; may be given several times", addName)
    .option("--labels <a,b,c>", "names of the scores of a TorchScript file, in order", splitNames);
  addFlags(command, servingOptions);
  addFlags(command, classifierOptions.omit({ labels: true }))
    .addHelpText(
      "after",
      `\nExample:\n  tagformer serve ./tickets-model\n  curl -H 'content-type: application/json' -d '{"texts": ["Where is my parcel?"]}' http://127.0.0.1:8080/v1/predict\n`,
    )
    .action(serve);
  readEnvironment(command);
}

/** Every option may be given in the environment instead, as TAGFORMER_MAX_QUEUE_TOKENS; a flag wins. */
function readEnvironment(command: Command): void {
  command.hook("preAction", () => {
    for (const option of command.options) {
      const variable = `TAGFORMER_${option.name().replaceAll("-", "_").toUpperCase()}`;
      const text = process.env[variable];
      const name = option.attributeName();
      if (text === undefined || command.getOptionValueSource(name) === "cli") continue;
      try {
        command.setOptionValueWithSource(name, parseVariable(option, text), "env");
      } catch (error) {
        command.error(`error: ${variable} is "${text}" in the environment. ${messageOf(error)}`);
      }
    }
  });
}

/** @throws InvalidArgumentError */
function parseVariable(option: Option, text: string): unknown {
  if (!option.isBoolean()) return option.parseArg?.(text, undefined) ?? text;
  if (/^(1|true)$/i.test(text)) return true;
  if (/^(0|false|)$/i.test(text)) return false;
  throw new InvalidArgumentError("Expected 1 or 0.");
}

type Named = readonly [name: string, model: string];

function addName(pair: string, before: readonly Named[] = []): readonly Named[] {
  const [, name, model] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
  if (name === undefined) throw new InvalidArgumentError("Expected NAME=MODEL.");
  return [...before, [name, model!]];
}

async function serve(models: readonly string[], { name: named = [], ...flags }: ServeFlags): Promise<void> {
  const sources = sourcesByName([...models.map((model) => [nameOfModel(model), model] as const), ...named]);
  const local: Record<string, string> = {};
  for (const [name, source] of sources) local[name] = await usableModel(source);
  // What no other command needs is not imported by them.
  const { serveModels } = await import("../serve.js");
  const given = flags as Record<string, unknown>;
  const server = await serveModels({
    models: local,
    ...takeFlags(servingOptions, given),
    ...takeFlags(classifierOptions, given),
  });
  obeySignals(server);
  note(`serving ${server.models.join(", ")}`);
  print(`listening on ${server.url}`);
}

/** SIGTERM and Ctrl-C stop without losing a request, and a second time at once; SIGHUP loads the models anew. */
function obeySignals(server: ModelServer): void {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) process.exit(1);
    isStopping = true;
    const answered = await server.drain();
    if (!answered) note("tagformer: requests were still under way when the time to drain was over");
    process.exit(answered ? 0 : 1);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => {
    server.reload().catch((error) => note(`tagformer: the former model serves on: ${messageOf(error)}`));
  });
}
