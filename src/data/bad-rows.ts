// What happens to rows and bytes that cannot be used: they end the reading, or are left out or replaced, and counted.
import { invalidData } from "../base/errors.js";
import type { RowUnit } from "./row.js";

/** `error` ends the reading at the first bad row; `skip` leaves bad rows out and counts them. */
export type OnBadRow = "error" | "skip";

/** `error` ends the reading at the first byte that is not UTF-8; `replace` reads U+FFFD there, and counts. */
export type OnEncodingError = "error" | "replace";

/** A row that was left out. */
export interface SkippedRow {
  /** The file that the row is in, or the name of the stream or rows. */
  readonly file: string;
  /** The line on which the row starts, or the row's number, as `unit` says; from 1. */
  readonly line: number;
  /** What `line` counts: lines of text files, rows of everything else. */
  readonly unit: RowUnit;
  /** What was found and what was expected. */
  readonly reason: string;
}

/** How many rows of a kind are kept for messages, however many there are. */
export const shownRows = 5;

/** Receives every bad row of a reading, the number of bad characters, and sentences about how the table was understood. */
export class BadRows {
  readonly mode: OnBadRow;
  readonly encodingErrors: OnEncodingError;
  readonly #onNote: ((sentence: string) => void) | undefined;
  /** The line that names the columns of the table that was opened last; `undefined` where none does. */
  header: number | undefined;
  /** Number of characters that were put in place of bytes that are not UTF-8. */
  replacedCharacters = 0;
  /** Some of the rows that were left out, at most {@link shownRows}. */
  readonly skipped: SkippedRow[] = [];
  skippedCount = 0;

  /** @param onNote receives each sentence of {@link note} */
  constructor(
    mode: OnBadRow,
    encodingErrors: OnEncodingError = "error",
    onNote?: (sentence: string) => void,
  ) {
    this.mode = mode;
    this.encodingErrors = encodingErrors;
    this.#onNote = onNote;
  }

  /** Says how something was understood that could have been meant otherwise, or what looks wrong. */
  note(sentence: string): void {
    this.#onNote?.(sentence);
  }

  /** @throws TagformerError `INVALID_DATA` when bad rows are errors */
  report(file: string, line: number, reason: string, unit: RowUnit = "line"): void {
    if (this.mode === "error") throw invalidData(`${file}, ${unit} ${line}: ${reason}`);
    this.skippedCount++;
    if (this.skipped.length < shownRows) this.skipped.push({ file, line, unit, reason });
  }

  /** Counts characters that stand for bytes that are not UTF-8; absent where those are errors. */
  get onReplaced(): ((characters: number) => void) | undefined {
    if (this.encodingErrors === "error") return undefined;
    return (characters) => {
      this.replacedCharacters += characters;
    };
  }

  /** @throws TagformerError `INVALID_DATA` when `rows`, the number of rows of `file` that can be used, is 0 */
  requireRows(file: string, rows: number): void {
    if (rows > 0) return;
    const skipped = this.skippedCount > 0 ? ` that can be used: ${this.skippedCount} were left out` : "";
    throw invalidData(`${file} has no rows${skipped}`);
  }
}
