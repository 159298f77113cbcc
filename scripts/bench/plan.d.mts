import type { ModelName, Task } from "./protocol.mjs";

export interface BenchOptions {
  readonly help: boolean;
  readonly write: boolean;
  readonly quick: boolean;
  readonly pairs: number;
  readonly models: readonly ModelName[];
  readonly works: readonly string[];
  readonly threads: number;
}

export const help: string;

/** The command's options; throws with a sentence for the user when one is unknown or out of range. */
export function readOptions(parameters: readonly string[], cores: number): BenchOptions;

/** Whose samples to take, in which order. */
export function schedule(task: Pick<Task, "contestants" | "mostPairs">, pairs: number): string[];

/** Names what a sample measures. */
export function keyOf(task: Task, contestant: string): string;

/** Time that these samples will take; NaN while none was ever taken. */
export function remainingSeconds(left: readonly string[], lastSeconds: ReadonlyMap<string, number>): number;
