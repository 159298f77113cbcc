// A sample of the inputs of test/long/fuzz.test.ts.
import { it } from "vitest";
import { fuzz, targetNames } from "../fuzz/fuzz.js";

it.each(targetNames)("no reader of %s breaks on what is nearly right", (target) => fuzz(target, 1000));
