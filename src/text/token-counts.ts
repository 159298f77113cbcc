// How much of each text a model reads.

/** How many tokens of each text were read, and how many were cut. */
export interface TokenCounts {
  /** Tokens that were read, special tokens included, `[texts]`; a token that several windows share counts once. */
  readonly read: Int32Array;
  /** Tokens that were cut because the text is longer than the longest row, `[texts]`. */
  readonly cut: Int32Array;
  /** 1 where `cut` is only a lower bound, because the rest of a very long text was not tokenized, `[texts]`. */
  readonly atLeast: Uint8Array;
}

/** The counts of `length` texts, all 0. */
export function zeroCounts(length: number): TokenCounts {
  return { read: new Int32Array(length), cut: new Int32Array(length), atLeast: new Uint8Array(length) };
}

/** Writes the counts of some texts into those of more, from text `first` on. */
export function putCounts(all: TokenCounts, first: number, part: TokenCounts): void {
  all.read.set(part.read, first);
  all.cut.set(part.cut, first);
  all.atLeast.set(part.atLeast, first);
}

/** The counts of the texts from `first` to before `end`. */
export function sliceCounts({ read, cut, atLeast }: TokenCounts, first: number, end: number): TokenCounts {
  return {
    read: read.slice(first, end),
    cut: cut.slice(first, end),
    atLeast: atLeast.slice(first, end),
  };
}

/** Number of texts of which something was cut. */
export function countCutTexts({ cut }: TokenCounts): number {
  return cut.reduce((texts, tokens) => texts + (tokens > 0 ? 1 : 0), 0);
}
