// Options of splitting rows by a program.
import { z } from "zod";
import { count, share } from "./numbers.js";

const stratifyShape = {
  seed: count(0).default(42),
  method: z.enum(["combinations", "iterative"]).default("iterative"),
  byText: z.boolean().default(false),
};

/** Options of holding back a share of the rows. */
export const heldBackOptions = z.strictObject({ fraction: z.number().positive().lt(1), ...stratifyShape });

/** Options of folds. */
export const foldOptions = z.strictObject({ folds: count(2), ...stratifyShape });

/** Options of a split into rows to train on, to choose by and to judge by. */
export const partsOptions = z.strictObject({ validation: share, test: share, ...stratifyShape });

/** Options of folds beside rows to judge by. */
export const foldsWithTestOptions = foldOptions.extend({ test: share });

/** How rows are split, with every default filled in. */
export type ResolvedStratifyOptions = Omit<z.output<typeof foldOptions>, "folds">;
