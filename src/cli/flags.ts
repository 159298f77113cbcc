// Command-line flags made from the option schemas, so that every option is described once.
import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { flagName } from "../base/typed.js";
import { splitList, splitNames, unquote } from "./names.js";

/** The part of JSON Schema in which zod describes an option. */
interface OptionSchema {
  readonly type?: "integer" | "number" | "string" | "boolean" | "array";
  readonly enum?: readonly string[];
  /** One of several kinds of values. */
  readonly anyOf?: readonly OptionSchema[];
  /** Of the values of a list. */
  readonly items?: OptionSchema;
  readonly default?: unknown;
  readonly description?: string;
  /** What help says of the default, where that says more than its value. */
  readonly shownDefault?: string;
  /** What help calls the value, where that says more than its type. */
  readonly value?: string;
}

/** The number that a flag was given; the schemas check its range. */
function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && !Number.isNaN(value)) return value;
  throw new InvalidArgumentError("Expected a number.");
}

/** What a flag was given that takes several kinds of values: a number, `name=number` pairs with commas, or a name. */
function parseValue(text: string): number | string | Record<string, number> {
  if (!Number.isNaN(Number(text)) && text.trim() !== "") return Number(text);
  if (!text.includes("=")) return text;
  const pairs = splitList(text).map((pair) => {
    const at = pair.lastIndexOf("=");
    return [unquote(pair.slice(0, at).trim()), parseNumber(pair.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

/** A count that a flag was given, 0 included. */
export function parseCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number from 0.");
}

/** A description, in which other options of the same command have the names that are typed there. */
function asTyped(description: string, options: ReadonlySet<string>): string {
  return description.replace(/\b[a-z]+[A-Z]\w*\b/g, (word) =>
    options.has(word) ? `--${flagName(word)}` : word,
  );
}

/**
 * A switch that is on by default: one flag turns it off, and a hidden one says that it is on, where a preset has it off. That one is
 * first: alone, or before it, commander would take the other for a default, and nobody could tell it from what was given.
 */
function switchedOn(name: string, description: string): Option[] {
  return [
    new Option(`--${flagName(name)}`, description).hideHelp(),
    new Option(`--no-${flagName(name)}`, `do not ${description}`),
  ];
}

function toOption(
  name: string,
  {
    type,
    enum: choices,
    anyOf,
    items,
    default: fallback,
    shownDefault,
    description = "",
    value: called,
  }: OptionSchema,
): Option {
  if (type === "boolean") return new Option(`--${flagName(name)}`, description);
  // The default is shown here but filled in by the schema, so that commands can tell what was given.
  const shown =
    fallback === undefined ? description : `${description} (default: ${shownDefault ?? fallback})`;
  const value = called ?? (choices ? "name" : anyOf ? "value" : type === "array" ? "a,b,c" : type);
  const option = new Option(`--${flagName(name)} <${value}>`, shown);
  if (choices) option.choices(choices);
  if (anyOf?.some((kind) => kind.type === "number")) option.argParser(parseValue);
  if (type === "array" && items?.type === "string") option.argParser((text) => splitNames(text));
  else if (type === "array") option.argParser((text) => text.split(",").map(parseNumber));
  if (type === "integer" || type === "number") option.argParser(parseNumber);
  return option;
}

/** Adds a flag for each option of a schema. */
export function addFlags(command: Command, schema: z.ZodObject): Command {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as {
    properties?: Record<string, OptionSchema>;
  };
  const options = new Set(Object.keys(properties));
  for (const [name, option] of Object.entries(properties)) {
    const description = asTyped(option.description ?? "", options);
    const isOn = option.type === "boolean" && option.default === true;
    const flags = isOn ? switchedOn(name, description) : [toOption(name, { ...option, description })];
    for (const flag of flags) command.addOption(flag);
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
