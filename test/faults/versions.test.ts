import { beforeAll, expect, it } from "vitest";
import { buildCommand } from "../e2e/command.js";
import { checkLoadsBesideSaves } from "./versions.js";

beforeAll(buildCommand);

it("a load sees one version of a directory that is saved all the time", async () => {
  const { first, second, saves } = await checkLoadsBesideSaves(100);
  expect(Math.min(first!, second!, saves!)).toBeGreaterThan(0);
});
