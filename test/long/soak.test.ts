import { it } from "vitest";
import { checkSoak } from "../faults/soak.js";

it("memory does not grow over fifty loads and a hundred thousand predictions", () => checkSoak(50, 100_000));
