// How fast a run goes, and how long it will take.
import type { RunState } from "./state.js";

/** The work of a whole run. */
interface RunSize {
  readonly epochs: number;
  readonly totalSteps: number;
  /** Rows that are predicted after each epoch. */
  readonly validationRows: number;
  readonly batchSize: number;
}

/** The share of a new measurement in the means: the last twenty steps or so count. */
const newShare = 0.1;
/** A prediction takes about a third of a training step's time: the estimate before the first was measured. */
const predictionShare = 1 / 3;

/** Measures a run, and extrapolates. */
export class Pace {
  readonly #size: RunSize;
  /** Seconds a row and tokens a row in training, and seconds a row in prediction; `undefined` before they are measured. */
  #trainingSeconds: number | undefined;
  #tokensPerRow: number | undefined;
  #predictionSeconds: number | undefined;
  /** Seconds that the last epoch took for figures and files. */
  #closingSeconds = 0;

  constructor(size: RunSize) {
    this.#size = size;
  }

  stepMade(rows: number, tokens: number, seconds: number): void {
    this.#trainingSeconds = moved(this.#trainingSeconds, seconds / rows);
    this.#tokensPerRow = moved(this.#tokensPerRow, tokens / rows);
  }

  /** So many rows have been predicted since the prediction began, this many seconds ago. */
  rowsPredicted(rows: number, seconds: number): void {
    if (rows > 0) this.#predictionSeconds = seconds / rows;
  }

  epochClosed(seconds: number): void {
    this.#closingSeconds = seconds;
  }

  /** Of the last steps. */
  get training(): { readonly rowsPerSecond: number; readonly tokensPerSecond: number } {
    const rowsPerSecond = 1 / Math.max(this.#trainingSeconds ?? 0, Number.MIN_VALUE);
    return { rowsPerSecond, tokensPerSecond: rowsPerSecond * (this.#tokensPerRow ?? 0) };
  }

  get predictedPerSecond(): number {
    return 1 / Math.max(this.#predictionSeconds ?? 0, Number.MIN_VALUE);
  }

  /**
   * Seconds until the last epoch is over, if the run does not end early.
   *
   * @param predictedRows rows of the present epoch that are predicted already
   */
  secondsLeft({ epoch, steps }: RunState, predictedRows = 0): number {
    const { epochs, totalSteps, validationRows, batchSize } = this.#size;
    const perTrainingRow = this.#trainingSeconds ?? 0;
    const perPredictedRow = this.#predictionSeconds ?? perTrainingRow * predictionShare;
    const later = epochs - epoch;
    const rows = Math.max(0, totalSteps - steps) * batchSize;
    const predicted = validationRows - predictedRows + later * validationRows;
    return rows * perTrainingRow + predicted * perPredictedRow + (later + 1) * this.#closingSeconds;
  }
}

function moved(mean: number | undefined, value: number): number {
  return mean === undefined ? value : mean + newShare * (value - mean);
}
