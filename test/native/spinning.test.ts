// How long libgomp's threads spin is set for the process while the add-on is opened, and for nobody else.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";

const script = `
  import { findDevice } from "${new URL("../../dist/native/device.js", import.meta.url)}";
  const count = () => process.env.GOMP_SPINCOUNT ?? null;
  const before = count();
  const during = new Set();
  const timer = setInterval(() => during.add(count()), 1);
  await findDevice("cpu");
  clearInterval(timer);
  console.log(JSON.stringify({ before, during: [...during].filter((x) => x !== before), after: count() }));
`;

function counts(variables: Record<string, string>): unknown {
  const { GOMP_SPINCOUNT: _, OMP_WAIT_POLICY: __, ...others } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: { ...others, ...variables },
  });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

it.runIf(process.platform === "linux")("is short while the add-on is opened", () => {
  expect(counts({})).toEqual({ before: null, during: ["1000"], after: null });
});

it("stays what the user has set", () => {
  expect(counts({ GOMP_SPINCOUNT: "5" })).toEqual({ before: "5", during: [], after: "5" });
  expect(counts({ OMP_WAIT_POLICY: "active" })).toEqual({ before: null, during: [], after: null });
});
