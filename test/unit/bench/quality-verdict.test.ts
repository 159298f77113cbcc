import { expect, it } from "vitest";
import { judge, verdictOf } from "../../../scripts/bench/quality-verdict.mjs";

it("gives the mean change and its interval by Student's t", () => {
  const rows = [0.01, 0.02, 0.03].map((change) => ({ fp32: 0.9, bf16: 0.9 + change, int8: null }));
  const [change, ...rest] = judge(rows);
  expect(rest).toEqual([]);
  expect(change!.name).toBe("bf16");
  expect(change!.mean).toBeCloseTo(0.02);
  // 4.30 * 0.01 / sqrt(3)
  expect(change!.high - change!.mean).toBeCloseTo(0.02483, 4);
  expect(change!.mean - change!.low).toBeCloseTo(0.02483, 4);
});

it("calls worse only what falls beyond the limit and beyond the seeds", () => {
  const verdict = (...changes: number[]) =>
    verdictOf(judge(changes.map((change) => ({ fp32: 0.9, bf16: 0.9 + change })))[0]!);
  expect(verdict(-0.001, -0.002, -0.0015)).toBe("within 0.002");
  expect(verdict(0.01, 0.02, 0.03)).toBe("within 0.002");
  expect(verdict(-0.01, -0.011, -0.0105)).toBe("worse");
  expect(verdict(-0.05, 0.03, 0.01)).toBe("not beyond the seeds");
  expect(verdict(-0.05)).toBe("not beyond the seeds"); // one seed tells nothing
});
