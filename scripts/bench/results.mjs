// From the samples of one task to its figures.
import { contestants } from "./contestants.mjs";
import { median, pairedRatio } from "./statistics.mjs";

/**
 * What one process measured: the time of each pass over all texts, its peak memory in bytes, and the operations per second that
 * large matrix products reached right before or after it, whatever was less. `disturbed` was measured before in its place, next
 * to which the machine was slow.
 *
 * @typedef {{ seconds: readonly number[], peakMemory: number, speed: number, disturbed?: readonly Measurement[] }} Measurement
 */

/** A sample counts when the machine gave this share of its speed right before and after it. */
const quiet = 0.85;

/** @param ceiling operations per second in fp32 of the quiet machine */
export function isQuiet({ speed }, ceiling) {
  return speed >= quiet * ceiling;
}

/**
 * @param task.samples by contestant, in the order of the rounds
 * @param task.flops of one pass
 * @param ceilings operations per second of large matrix products, by precision
 * @param {() => number} [random] uniform in [0, 1), for the resampling
 */
export function summarize({ work, texts, tokens, flops, samples }, ceilings, random) {
  const taken = Object.entries(samples).filter(([, list]) => list.length > 0);
  const counts = (sample) => isQuiet(sample, ceilings.fp32);
  const results = taken.map(([key, list]) => {
    const good = list.filter(counts);
    const counted = good.length > 0 ? good : list;
    const seconds = median(counted.map(secondsOf));
    const throughput = work !== "start" && {
      textsPerSecond: texts / seconds,
      tokensPerSecond: tokens / seconds,
      shareOfCeiling: flops / seconds / ceilings[contestants[key].precision],
    };
    const peakMemory = median(counted.map(({ peakMemory }) => peakMemory));
    return {
      key,
      seconds,
      ...throughput,
      peakMemory,
      samples: list.length,
      disturbed: list.length - good.length,
    };
  });
  const side = (wanted) => taken.filter(([key]) => contestants[key].side === wanted);
  const ratios = side("ours").flatMap(([ours, ourSamples]) =>
    side("theirs").map(([theirs, theirSamples]) => {
      const pairs = theirSamples.map((sample, i) => [sample, ourSamples[i]]);
      const good = pairs.filter((pair) => pair.every(counts));
      const counted = good.length > 0 ? good : pairs;
      const of = (value) =>
        pairedRatio(
          counted.map(([a]) => value(a)),
          counted.map(([, b]) => value(b)),
          random,
        );
      return {
        ours,
        theirs,
        speed: of(secondsOf),
        memory: median(counted.map(([a, b]) => b.peakMemory / a.peakMemory)),
        pairs: good.length,
        dropped: pairs.length - good.length,
      };
    }),
  );
  return { results, ratios };
}

/** Of one process: the median of its passes. */
function secondsOf({ seconds }) {
  return median(seconds);
}

/**
 * One report of several: tasks of later ones take the place of those of earlier ones. Each task has the date and the
 * ceilings of its own.
 *
 * @template {{ date: string, ceilings: object, parity: object, tasks: readonly { model: string, name: string }[] }} Report
 * @param {readonly Report[]} reports
 * @returns {Report & { tasks: (Report["tasks"][number] & Pick<Report, "date" | "ceilings">)[] }}
 */
export function combine(reports) {
  const tasks = new Map();
  for (const { tasks: measured, date, ceilings } of reports) {
    for (const task of measured) tasks.set(`${task.model} ${task.name}`, { date, ceilings, ...task });
  }
  const parity = Object.assign({}, ...reports.map((report) => report.parity));
  return { ...reports.at(-1), parity, tasks: [...tasks.values()] };
}

/** What else ran on the machine can only lower a ceiling. */
export function highestCeilings({ before, after }) {
  return Object.fromEntries(
    Object.keys(before).map((precision) => [precision, Math.max(before[precision], after[precision])]),
  );
}

/** The tasks of a combined report with their results and ratios. */
export function figuresOf({ tasks }) {
  return tasks.map((task) => ({ ...task, ...summarize(task, highestCeilings(task.ceilings)) }));
}
