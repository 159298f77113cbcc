// Options of training one model in several processes.
import { z } from "zod";
import { count } from "./numbers.js";

/** Which of several processes one is, where no launcher says so. */
export interface ProcessPlace {
  /** Its number among all, from 0. */
  readonly rank: number;
  /** The number of all. */
  readonly size: number;
  /** Its number among those of its machine; 0 by default. */
  readonly localRank?: number | undefined;
  /** The number of those; 1 by default. */
  readonly localSize?: number | undefined;
  /** Where rank 0 listens and the others find it: `host:port`. */
  readonly master: string;
}

const place: z.ZodType<ProcessPlace, ProcessPlace> = z.strictObject({
  rank: count(0),
  size: count(1),
  localRank: count(0).optional(),
  localSize: count(1).optional(),
  master: z.string().regex(/^.+:\d+$/, "expected host:port"),
});

/** Options of training one model in several processes; they decide neither rows nor epochs. */
export const distributedOptions = z.strictObject({
  distributed: z
    .union([z.enum(["auto", "off", "slurm", "mpi"]), place])
    .default("auto")
    .describe(
      "what says which of several processes this is: PyTorch's variables RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, where a launcher such as torchrun sets them (auto), those of srun (slurm) or mpirun (mpi), or nothing (off)",
    ),
  distributedTimeout: z
    .number()
    .positive()
    .max(1e6)
    .default(600)
    .describe("seconds that processes which train together wait for one of them"),
  deterministic: z
    .boolean()
    .default(false)
    .describe(
      "add the gradients of more than two processes in the order of their ranks: slower, with the bits of one process",
    ),
});

/**
 * Options of training one model in several processes.
 *
 * @interface
 */
export type DistributedOptions = z.input<typeof distributedOptions>;

/** {@link DistributedOptions} with every default filled in. */
export type ResolvedDistributedOptions = z.output<typeof distributedOptions>;
