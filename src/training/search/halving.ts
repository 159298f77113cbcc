// Asynchronous successive halving (Li et al. 2020, "A system for massively parallel hyperparameter tuning"): every
// configuration is trained shortly, and the best third of those of equal length a step longer.

/** A training to be made: a configuration by its number, at one of the lengths. */
export interface Job {
  readonly configuration: number;
  readonly rung: number;
}

/** A training that was made. */
export interface JobResult extends Job {
  /** What is compared, larger is better; `null` where the training failed. */
  readonly figure: number | null;
}

/** Shares of the whole length, by rung. */
export const rungShares = [1 / 4, 1 / 2, 1] as const;
const keptShare = 1 / 3;

/**
 * The training that comes next: one step longer for the best third of a rung, the longest first; else a new configuration. When
 * there are no more, the best of the highest rung that was reached goes on, so that one is always trained to its end.
 *
 * @param running trainings that are not over
 * @param mayBegin whether a new configuration may be begun
 * @returns `null` where there is nothing to do before a running training is over, or nothing at all
 */
export function nextJob(
  results: readonly JobResult[],
  running: readonly Job[],
  trials: number,
  mayBegin: boolean,
): Job | null {
  const known: readonly Job[] = [...results, ...running];
  const has = ({ configuration, rung }: Job) =>
    known.some((job) => job.configuration === configuration && job.rung === rung);
  const promoted = ({ configuration, rung }: Job): Job => ({ configuration, rung: rung + 1 });
  for (let rung = rungShares.length - 2; rung >= 0; rung--) {
    const judged = bestFirst(results, rung);
    const next = judged
      .slice(0, Math.floor(keptShare * judged.length))
      .map(promoted)
      .find((job) => !has(job));
    if (next) return next;
  }
  const begun = known.filter(({ rung }) => rung === 0).length;
  if (mayBegin && begun < trials) return { configuration: begun, rung: 0 };
  if (running.length > 0) return null;
  for (let rung = rungShares.length - 1; rung >= 0; rung--) {
    const [best] = bestFirst(results, rung);
    if (best) return rung + 1 < rungShares.length ? promoted(best) : null;
  }
  return null;
}

/** What was trained to the end of a rung, the best first; what failed is left out. */
export function bestFirst<Result extends JobResult>(results: readonly Result[], rung: number): Result[] {
  return results
    .filter((result) => result.rung === rung && result.figure !== null)
    .sort((a, b) => b.figure! - a.figure! || a.configuration - b.configuration);
}
