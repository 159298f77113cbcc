// Command-line flags made from the option schemas, so that every option is described once.
import { type Command, Option } from "commander";
import { z } from "zod";

/** The part of JSON Schema in which zod describes an option. */
interface OptionSchema {
  readonly type?: "integer" | "number" | "string" | "boolean";
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly description?: string;
}

/** `learningRate` as `learning-rate`. */
function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function toOption(
  name: string,
  { type, enum: choices, default: fallback, description = "" }: OptionSchema,
): Option {
  // A switch that is on by default can only be turned off.
  if (type === "boolean" && fallback === true)
    return new Option(`--no-${flagName(name)}`, `do not ${description}`);
  if (type === "boolean") return new Option(`--${flagName(name)}`, description);
  // The default is shown here but filled in by the schema, so that commands can tell what was given.
  const shown = fallback === undefined ? description : `${description} (default: ${fallback})`;
  const option = new Option(`--${flagName(name)} <${choices ? "name" : type}>`, shown);
  if (choices) option.choices(choices);
  if (type === "integer" || type === "number") option.argParser(Number);
  return option;
}

/** Adds a flag for each option of a schema, or for those of `names` only. */
export function addFlags(command: Command, schema: z.ZodObject, names?: readonly string[]): Command {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Record<string, OptionSchema>;
  };
  for (const [name, option] of Object.entries(properties)) {
    if (!names || names.includes(name)) command.addOption(toOption(name, option));
  }
  return command;
}

/** The given flags that belong to a schema; what was not given is left to the schema's defaults. */
export function takeFlags(
  schema: z.ZodObject,
  flags: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => name in schema.shape && value !== undefined),
  );
}
