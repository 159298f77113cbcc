// A million inputs for each reader of what strangers wrote; about an hour for all of them on two cores.
import { it } from "vitest";
import { fuzz, targetNames } from "../fuzz/fuzz.js";

it.each(targetNames)("no reader of %s breaks on a million inputs", { timeout: 14_400_000 }, (target) =>
  fuzz(target, 1_000_000),
);
