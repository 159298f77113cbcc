// What was decided for the user, and how to repeat it.
import { parseOptions } from "../../base/parse-options.js";
import { withPreset } from "../../options/presets.js";
import { type ResolvedTrainingOptions, trainingOptions } from "../../options/training.js";

/** An option that the preset `auto` has set. */
export interface Choice {
  /** Its name. */
  readonly option: string;
  /** What it was set to. */
  readonly value: string | number | boolean;
  /** Why, as a sentence's part. */
  readonly reason: string;
}

/** Options that say how a run is found, not what it is. */
const ofTheSearch: ReadonlySet<string> = new Set(["preset", "budget", "budgetSteps"]);

/** The options that repeat a run without a search: those that are not what the preset `plain` has. */
function repeatingOptions(options: ResolvedTrainingOptions): Record<string, unknown> {
  const plain: Readonly<Record<string, unknown>> = parseOptions(
    trainingOptions,
    withPreset({ preset: "plain" as const }),
  );
  const differing = Object.entries(options).filter(
    ([name, value]) =>
      !ofTheSearch.has(name) && value !== undefined && JSON.stringify(value) !== JSON.stringify(plain[name]),
  );
  return { preset: "plain", ...Object.fromEntries(differing) };
}

/** The same as flags of the command line. */
export function repeatingFlags(options: ResolvedTrainingOptions): string {
  return flagsOf(repeatingOptions(options)).map(quoted).join(" ");
}

/** Options as arguments of the command line. */
export function flagsOf(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(options).flatMap(([option, value]) => {
    const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === "boolean") return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}`, textOf(value)];
  });
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${one}`)
    .join(",");
}

/** For a shell, where it needs quotes. */
export function quoted(text: string): string {
  return /^[\w.,:=/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
