// The options that a search varies, and the configurations that it draws from them.
import { invalidOption } from "../../base/errors.js";
import { generator } from "../../base/random.js";
import { didYouMean } from "../../base/suggestion.js";
import { trainingOptions } from "../../options/training.js";

export type Value = string | number | boolean;

/** What an option may be: one of some values, or a number of a range. */
export type Range =
  | { readonly values: readonly Value[] }
  | {
      readonly from: number;
      readonly to: number;
      readonly isWhole: boolean;
      readonly isLogarithmic: boolean;
    };

/** Ranges by option. */
export type SearchSpace = Readonly<Record<string, Range>>;

/** Values by option. */
export type Configuration = Readonly<Record<string, Value>>;

/** A range whose ends are further apart is drawn by its logarithm. */
const logarithmicFrom = 10;

/**
 * The range that a text such as `learning-rate=1e-5..1e-3` or `loss=bce,focal` means.
 *
 * @throws TagformerError `INVALID_OPTION`, naming what was expected
 */
export function readRange(text: string): readonly [option: string, range: Range] {
  const at = text.indexOf("=");
  const name = at < 0 ? text : text.slice(0, at);
  const option = name.trim().replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const names = Object.keys(trainingOptions.shape);
  if (!names.includes(option))
    throw invalidOption(`--vary ${text}: there is no option "${name}"${didYouMean(option, names)}`);
  const range = at < 0 ? null : rangeOf(text.slice(at + 1).trim());
  if (range === null)
    throw invalidOption(
      `--vary ${text}: expected NAME=FROM..TO with two numbers, or NAME=A,B,C, such as learning-rate=1e-5..1e-3 or loss=bce,focal`,
    );
  for (const value of "values" in range ? range.values : [range.from, range.to]) {
    const { success, error } = trainingOptions
      .pick({ [option]: true } as never)
      .safeParse({ [option]: value });
    if (!success)
      throw invalidOption(`--vary ${text}: option ${option} cannot be ${value}: ${error.issues[0]!.message}`);
  }
  return [option, range];
}

function rangeOf(text: string): Range | null {
  const ends = text.split("..");
  if (ends.length === 2) {
    const [from, to] = ends.map((end) => (end.trim() === "" ? Number.NaN : Number(end))) as [number, number];
    if (!(from < to)) return null;
    const isWhole = ends.every((end) => /^-?\d+$/.test(end.trim()));
    return { from, to, isWhole, isLogarithmic: from > 0 && to / from >= logarithmicFrom };
  }
  const values = text.split(",").map((value) => value.trim());
  return values.includes("") ? null : { values: values.map(toValue) };
}

function toValue(text: string): Value {
  if (text === "true" || text === "false") return text === "true";
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** A configuration of a search: the same one for the same seed and number, whatever was drawn before. */
export function drawConfiguration(space: SearchSpace, seed: number, number: number): Configuration {
  const random = generator(seed, `configuration ${number}`);
  return Object.fromEntries(
    Object.entries(space).map(([option, range]) => [
      option,
      draw(range, random.float(), (below) => random.below(below)),
    ]),
  );
}

function draw(range: Range, share: number, below: (count: number) => number): Value {
  if ("values" in range) return range.values[below(range.values.length)]!;
  const { from, to, isWhole, isLogarithmic } = range;
  if (isWhole && !isLogarithmic) return from + below(to - from + 1);
  const value = isLogarithmic ? from * (to / from) ** share : from + share * (to - from);
  return isWhole ? Math.round(value) : Number(value.toPrecision(3));
}
