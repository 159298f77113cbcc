// What was decided for the user, and how to repeat it.
import { parseOptions } from "../../base/parse-options.js";
import { shellQuoted, typedOptions } from "../../base/typed.js";
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
  return typedOptions(repeatingOptions(options)).map(shellQuoted).join(" ");
}
