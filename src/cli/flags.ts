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

/** `learningRate` as `--learning-rate`. */
function flagName(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function toOption(name: string, schema: OptionSchema): Option {
  const description = schema.description ?? "";
  if (schema.type === "boolean") {
    // A switch that is on by default is turned off.
    const flag = schema.default === true ? flagName(name).replace("--", "--no-") : flagName(name);
    return new Option(flag, schema.default === true ? `do not: ${description}` : description);
  }
  const option = new Option(`${flagName(name)} <${schema.enum ? "name" : schema.type}>`, description);
  if (schema.enum) option.choices(schema.enum);
  if (schema.default !== undefined) option.defaultValueDescription = String(schema.default);
  if (schema.type === "integer" || schema.type === "number") option.argParser(Number);
  if (schema.default !== undefined && !schema.enum) option.description += ` (default: ${schema.default})`;
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
