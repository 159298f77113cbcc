// One of several equal parts of a table, each of which another process reads.
import { z } from "zod";

/** Which part is read: row 1 belongs to the first shard, row 2 to the second, and so on, round after round. */
export const shardOption = z
  .strictObject({
    index: z.int().min(0),
    count: z.int().min(1),
  })
  .refine(({ index, count }) => index < count, "expected an index from 0 to count - 1")
  .readonly();

/** One of `count` parts of a table. */
export type Shard = z.output<typeof shardOption>;

/** Whether what has this number, from 0, belongs to the shard. */
export function isInShard({ index, count }: Shard, number: number): boolean {
  return number % count === index;
}
