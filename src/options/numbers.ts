// Kinds of numbers that options take.
import { z } from "zod";

export const count = (least: number) => z.int().min(least);
export const share = z.number().min(0).lt(1);
