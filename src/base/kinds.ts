// Kinds of values that public functions are handed, where no schema of options speaks of them.
import { invalidOption } from "./errors.js";
import { shown } from "./parse-options.js";

/** @throws TagformerError `INVALID_OPTION` */
export function requirePath(value: unknown, what: string): asserts value is string {
  if (typeof value === "string" && value !== "") return;
  throw invalidOption(`the ${what} is ${shown(value)}; expected a path`);
}

/**
 * Checks that a value may be what another function made, by the fields that it must have.
 *
 * @param maker that function, for the message: `evaluate()`
 * @throws TagformerError `INVALID_OPTION`
 */
export function requireMadeBy(maker: string, value: unknown, fields: readonly string[]): void {
  if (typeof value === "object" && value !== null && fields.every((field) => field in value)) return;
  throw invalidOption(`found ${shown(value)}; expected what ${maker} gives`);
}

/** @throws TagformerError `INVALID_OPTION` unless a number of things is a whole one from 0, or `Infinity` for all */
export function requireCount(value: unknown, what: string): asserts value is number {
  if ((Number.isInteger(value) && Number(value) >= 0) || value === Number.POSITIVE_INFINITY) return;
  throw invalidOption(`the number of ${what} is ${shown(value)}; expected a whole number from 0`);
}
