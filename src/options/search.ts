// Options of `tagformer search`.
import { z } from "zod";
import { count } from "./numbers.js";

export const searchOptions = z.strictObject({
  trials: count(1).max(100_000).default(24).describe("configurations to try"),
  budget: z
    .number()
    .positive()
    .max(1_000_000)
    .default(60)
    .describe("minutes after which nothing more is begun; a fifth of them is for the seeds of the finalists"),
  jobs: count(1).max(1024).default(1).describe("trainings at the same time, each a process of its own"),
  finalists: count(1)
    .max(100)
    .default(2)
    .describe("configurations that are trained with several seeds at the end"),
  seeds: count(1).max(1000).default(3).describe("seeds of each finalist, the search's own included"),
  seed: count(0).default(42).describe("seed of the configurations and of the first training of each"),
});

/** {@link searchOptions} with every default filled in. */
export type ResolvedSearchOptions = z.output<typeof searchOptions>;
