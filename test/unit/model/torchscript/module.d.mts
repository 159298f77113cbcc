/** A record of an archive, by its name without the archive's directory. */
export interface Part {
  readonly name: string;
  readonly bytes: Buffer;
  readonly deflated?: boolean;
}

/** Scores of the bag of words. */
export const labels: number;
/** Its weights: `[8, labels]`. */
export const weights: Float32Array;
/** The body of `forward`, with `input_ids`, `attention_mask` and `weight` in reach. */
export const bagOfWords: readonly string[];

/** Source code of the module's class. */
export function code(body?: readonly string[], members?: readonly string[]): string;

/** data.pkl: one object with its attributes, and what it says of the tensor's storage and of the tensor. */
export function pickle(claim?: {
  readonly elements?: number;
  readonly rows?: number;
  readonly offset?: number;
  /** Type of the numbers: `Float`, `Half`. */
  readonly storage?: string;
  /** Further attributes, which are booleans. */
  readonly flags?: Readonly<Record<string, boolean>>;
  /** Names of buffers, which follow the weights in the storage, a number for each label. */
  readonly buffers?: readonly string[];
  /** Names of lists of integers, which are empty. */
  readonly lists?: readonly string[];
}): Buffer;

/** The records of a module. */
export function parts(source?: string, data?: Buffer): Part[];

/** A zip archive of records, in the manner of torch.jit.save. */
export function archive(records?: readonly Part[]): Buffer;
