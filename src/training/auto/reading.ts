// How much of its texts a run reads, and in which precision it computes, where that was not given.
import { cpus } from "node:os";
import { nativeBuild } from "../../native/build.js";
import { findDevice } from "../../native/device.js";
import type { ResolvedTrainingOptions } from "../../options/training.js";
import type { TokenCounts } from "../../text/token-counts.js";
import type { Choice } from "./choice.js";

/** Tokens of a row at most, where the model would read more: longer rows take too much time and memory. */
export const mostTokens = 2048;
/** Share of the texts that a row is to hold whole. */
const wholeShare = 0.99;
/** Row lengths are multiples of this. */
const lengthStep = 32;
/** Share of texts that are longer than a row from which on they are read in windows. */
const manyLong = 0.05;
/** Windows of a text at most. */
const mostWindows = 4;

type Reading = Pick<ResolvedTrainingOptions, "windowStride" | "maxWindows"> & { readonly maxLength: number };

/** What a run reads of each text, and why where that was decided. */
export interface DecidedReading {
  readonly reading: Reading;
  readonly choices: readonly Choice[];
}

/**
 * @param counts tokens of the training texts
 * @param most tokens that a row may have: what was given, or what model and tokenizer allow
 * @param open names of the options that were not given
 */
export function decideReading(
  { read, cut }: TokenCounts,
  most: number,
  options: Pick<ResolvedTrainingOptions, "windowStride" | "maxWindows">,
  open: ReadonlySet<string>,
): DecidedReading {
  const lengths = Int32Array.from(read, (tokens, text) => tokens + cut[text]!).sort();
  const maxLength = open.has("maxLength") ? lengthFor(lengths, most) : most;
  const longer = lengths.filter((tokens) => tokens > maxLength).length / lengths.length;
  const { windowStride, maxWindows } = options;
  const choices: Choice[] = [];
  if (open.has("maxLength") && maxLength < most)
    choices.push({
      option: "maxLength",
      value: maxLength,
      reason: `it reads ${percent(1 - longer)} of the texts whole; the longest has ${lengths.at(-1)} tokens or more`,
    });
  // Who gives a length wants rows of that length, and no more work than that.
  if (!open.has("windowStride") || !open.has("maxLength") || longer <= manyLong)
    return { reading: { maxLength, windowStride, maxWindows }, choices };
  const stride = Math.floor((3 / 4) * maxLength);
  choices.push({
    option: "windowStride",
    value: stride,
    reason: `${percent(longer)} of the texts are longer than ${maxLength} tokens: they are read in up to ${mostWindows} windows`,
  });
  return {
    reading: {
      maxLength,
      windowStride: stride,
      maxWindows: open.has("maxWindows") ? mostWindows : maxWindows,
    },
    choices,
  };
}

/** The shortest row that holds nearly all texts whole. */
function lengthFor(sortedLengths: Int32Array, most: number): number {
  const needed = sortedLengths[Math.ceil(wholeShare * sortedLengths.length) - 1] ?? most;
  return Math.min(most, lengthStep * Math.ceil(needed / lengthStep));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/**
 * Whether kernels of an instruction set multiply bf16 faster than fp32. Intel's processors do so with their matrix unit (AMX)
 * alone: their vector instruction for it has half the rate of the one for fp32.
 */
export function multipliesBf16(kernels: string, processor: string): boolean {
  return kernels === "avx512_amx" || (kernels.endsWith("_bf16") && !processor.includes("Intel"));
}

/**
 * bf16 where it is faster: on GPUs, and on processors that multiply it.
 *
 * @returns `null` where it would not be
 */
export async function decidePrecision(device: string): Promise<Choice | null> {
  const option = { option: "precision", value: "bf16" };
  const { kernels } = await nativeBuild();
  if (device !== "cpu" && (await findDevice(device)) !== "cpu")
    return { ...option, reason: "a GPU computes it faster, and weights are kept in fp32" };
  if (!multipliesBf16(kernels, cpus()[0]?.model ?? "")) return null;
  return { ...option, reason: "this processor multiplies it twice as fast, and weights are kept in fp32" };
}
