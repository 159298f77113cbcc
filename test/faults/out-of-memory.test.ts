// A batch that does not fit into memory is computed in halves, with the same gradient.
import { expect, it } from "vitest";
import { runChild } from "./run-child.js";

interface Step {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly parts: number;
}

it.runIf(process.platform === "linux")(
  "halves a step's batch where memory is short, and says when that does not help",
  async () => {
    const { end, reports, stderr } = await runChild("out-of-memory.mjs");
    expect(end, stderr).toBe(0);
    const { enough, short } = reports as { enough: Step; short: Step };
    expect(enough.parts).toBe(1);
    expect(short.parts).toBeGreaterThan(1);
    expect(short.loss).toBeCloseTo(enough.loss, 5);
    expect(Math.abs(short.gradientNorm / enough.gradientNorm - 1)).toBeLessThan(1e-4);
    expect(reports.never).toBe("OUT_OF_MEMORY");
    expect((reports.logits as number[]).every(Number.isFinite)).toBe(true);
  },
);
