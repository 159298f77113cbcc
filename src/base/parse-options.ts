// Options that callers hand in, checked against a schema; what is wrong with them, as a sentence.
import { inspect } from "node:util";
import type { z } from "zod";
import { counted } from "./counted.js";
import { invalidOption } from "./errors.js";
import { didYouMean } from "./suggestion.js";

type Shape = Record<string, z.ZodType>;
type Issue = z.core.$ZodRawIssue | z.core.$ZodIssue;

/**
 * Applies defaults and checks every option.
 *
 * @throws TagformerError `INVALID_OPTION` that names the option, what was found and what was expected; a misspelt name
 * gets a suggestion.
 */
export function parseOptions<S extends Shape>(
  schema: z.ZodObject<S>,
  values: unknown,
): z.output<z.ZodObject<S>> {
  if (!isOptions(values))
    throw invalidOption(`the options are ${shown(values)}: expected an object${adviceOn(values)}`);
  const result = schema.safeParse(values, { error: expectationOf });
  if (result.success) return result.data;
  const { issues } = result.error;
  // What is misspelt explains what is missing.
  const issue =
    issues.find(({ code, path }) => code === "unrecognized_keys" && path.length === 0) ?? issues[0]!;
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const name = issue.keys[0]!;
    throw invalidOption(`unknown option "${name}"${didYouMean(name, Object.keys(schema.shape))}`);
  }
  const name = issue.path[0];
  const found = name === undefined ? values : (values as Record<PropertyKey, unknown>)[name];
  const option = name === undefined ? "the options are" : `option ${String(name)} is`;
  const where = inside({ path: issue.path.slice(1) });
  throw invalidOption(`${option} ${shown(found)}: ${issue.message}${where}`);
}

/**
 * Checks a value against a schema in the words of {@link parseOptions}, for those who report in their own way.
 *
 * @returns the value, or what is wrong with it and the name of the field that it is wrong with
 */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { readonly value: z.output<Schema> } | { readonly field: string | null; readonly problem: string } {
  const result = schema.safeParse(value, { error: expectationOf });
  if (result.success) return { value: result.data };
  const { path, message } = result.error.issues[0]!;
  const [field = null] = path;
  return {
    field: field === null ? null : String(field),
    problem: `${message}${inside({ path: path.slice(1) })}`,
  };
}

/**
 * Checks that options are an object with no other names than these, for those whose values their reader checks.
 *
 * @throws TagformerError `INVALID_OPTION`
 */
export function requireNames(values: unknown, names: readonly string[]): void {
  if (!isOptions(values)) {
    throw invalidOption(`the options are ${shown(values)}: expected an object${adviceOn(values)}`);
  }
  const unknown = Object.keys(values).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw invalidOption(`unknown option "${unknown}"${didYouMean(unknown, names)}`);
}

/** Whether a value is an object of options; lists, Sets and signals have none, and would be taken for none given. */
function isOptions(values: unknown): values is object {
  if (typeof values !== "object" || values === null) return false;
  return !(Symbol.iterator in values || values instanceof AbortSignal);
}

function adviceOn(values: unknown): string {
  return values instanceof AbortSignal ? ", and a signal in it, as { signal }" : "";
}

/** What was expected, where the schema does not say so in its own words. */
function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kinds[issue.expected] ?? `a value of type ${issue.expected}`}`;
    case "invalid_value":
      return `expected ${listed(issue.values.map((value) => (typeof value === "string" ? value : String(value))))}`;
    case "too_small":
      return lower(issue.origin, Number(issue.minimum), issue.inclusive ?? true);
    case "too_big":
      return upper(issue.origin, Number(issue.maximum), issue.inclusive ?? true);
    case "invalid_union":
      return issue.errors
        .flatMap(([first]) => (first ? [`${expectationOf(first)}${inside(first)}`] : []))
        .join(", or ")
        .replaceAll(", or expected", ", or");
    case "unrecognized_keys":
      return `unknown name "${issue.keys[0]}"`;
    case "invalid_key":
    case "invalid_element":
      return issue.issues.map(expectationOf)[0] ?? "expected another value";
    default:
      return "message" in issue && issue.message ? issue.message : "expected another value";
  }
}

/** Where in a value something was expected. */
function inside({ path = [] }: { readonly path?: readonly PropertyKey[] | undefined }): string {
  return path.length > 0 ? ` for ${path.map((name) => JSON.stringify(String(name))).join(" in ")}` : "";
}

const kinds: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** Counts of things that are too few or too many, by what has them. */
function amountOf(origin: string, count: number): string | null {
  if (origin === "string") return `a text of ${counted(count, "character")}`;
  if (origin === "array" || origin === "set") return `a list of ${counted(count, "value")}`;
  return null;
}

function lower(origin: string, least: number, inclusive: boolean): string {
  const amount = amountOf(origin, least);
  if (amount !== null) return `expected ${amount} or more`;
  return inclusive ? `expected at least ${least}` : `expected more than ${least}`;
}

function upper(origin: string, most: number, inclusive: boolean): string {
  const amount = amountOf(origin, most);
  if (amount !== null) return `expected ${amount} or less`;
  return inclusive ? `expected at most ${most}` : `expected less than ${most}`;
}

/** `a, b or c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

/** Characters of a value in a message. */
const maxShown = 120;

/** A value as a message shows it: cut, and on one line, whatever it is. */
export function shown(value: unknown): string {
  const isBare = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;
  const text = inspect(isBare ? { ...value } : value, {
    depth: 0,
    maxStringLength: 60,
    maxArrayLength: 10,
  }).replace(/\s+/g, " ");
  return text.length > maxShown ? `${text.slice(0, maxShown)}...` : text;
}
