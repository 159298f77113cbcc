// What a ring of machines reaches: arithmetic.

/**
 * The share of N machines' work that is left when they exchange gradients after each step, without overlap.
 *
 * @param seconds of a whole step on one machine
 */
export function efficiencyOf({ machines, seconds, megabytes, megabytesPerSecond }) {
  const computing = seconds / machines;
  const exchanging = (2 * (machines - 1) * megabytes) / machines / megabytesPerSecond;
  return computing / (computing + exchanging);
}
