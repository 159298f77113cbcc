/**
 * Texts as the engine reads them: all token ids one after the other, never padded.
 *
 * Row `i` owns `ids[offsets[i] .. offsets[i + 1])`; `offsets[0]` is 0 and `offsets.length` is the number of rows + 1.
 */
export interface RaggedBatch {
  /** Token ids of all rows, `[total]`. */
  readonly ids: Int32Array;
  /** Row boundaries, `[rows + 1]`. */
  readonly offsets: Int32Array;
  /** Segment (token type) ids, `[total]`; absent means all zero. */
  readonly types?: Int32Array;
}

/** Texts of which the long ones may have several rows: windows, one after the other. */
export interface TextBatch extends RaggedBatch {
  /** The first row of each text, and the number of rows, `[texts + 1]`; absent: every row is a text. */
  readonly texts?: Int32Array;
}

/** A {@link TextBatch} with its targets. */
export interface LabelledBatch extends TextBatch {
  /** Targets, `[texts * labels]`: 0, 1 or a soft value between; NaN means not labelled. */
  readonly labels: Float32Array;
  /** Weight of each text in the loss, `[texts]`; absent: all 1. */
  readonly weights?: Float32Array;
}
