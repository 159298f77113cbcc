/** Who takes part. */
export interface Contestant {
  readonly name: string;
  /** Its name in pictures. */
  readonly short: string;
  readonly side: "ours" | "theirs";
  /** The script that takes its samples. */
  readonly program: string;
  readonly precision: "fp32" | "bf16" | "int8";
}

/** By key. */
export const contestants: Readonly<Record<string, Contestant>>;
