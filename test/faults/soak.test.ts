import { it } from "vitest";
import { checkSoak } from "./soak.js";

it("memory does not grow over ten loads and five thousand predictions", () => checkSoak(10, 5000));
