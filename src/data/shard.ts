// One of several equal parts of a table, each of which another process reads.
import { z } from "zod";

/** One of several parts of a table. Row 1 belongs to the first part, row 2 to the second, and so on, round after round. */
export interface Shard {
  /** Which part, from 0. */
  readonly index: number;
  /** Number of parts. */
  readonly count: number;
}

/** The schema of a {@link Shard}. */
export const shardOption: z.ZodType<Shard, Shard> = z
  .strictObject({ index: z.int().min(0), count: z.int().min(1) })
  .refine(({ index, count }) => index < count, "expected an index from 0 to count - 1");

/** Whether what has this number, from 0, belongs to the shard. */
export function isInShard({ index, count }: Shard, number: number): boolean {
  return number % count === index;
}
