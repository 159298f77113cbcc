import { describe, expect, it } from "vitest";
import { type Evaluation, evaluate } from "../../../src/evaluation/metrics.js";
import { BestEpoch } from "../../../src/training/keep.js";

const some = evaluate({ probabilities: Float32Array.of(0.2, 0.8) }, Float32Array.of(0, 1), ["a"]);
const figures = (f1: number, rest: Partial<Evaluation> = {}): Evaluation => ({
  ...some,
  micro: { ...some.micro, f1 },
  ...rest,
});

/** Which epochs were the best so far. */
function bestOf(best: BestEpoch, evaluations: readonly Evaluation[]): number[] {
  return evaluations.flatMap((evaluation, i) => (best.take(i + 1, evaluation).best ? [i + 1] : []));
}

describe("the best epoch", () => {
  it("is the one with the largest figure, the earliest among equals", () => {
    const best = new BestEpoch("microF1", 0);
    expect(best.epoch).toBeUndefined();
    expect(bestOf(best, [figures(0), figures(0.5), figures(0.5), figures(0.4), figures(0.6)])).toEqual([
      1, 2, 5,
    ]);
    expect(best.epoch).toBe(5);
  });

  it.each<["macroF1" | "subsetAccuracy" | "loss", (value: number) => Partial<Evaluation>]>([
    ["macroF1", (f1) => ({ macro: { ...some.macro, f1 } })],
    ["subsetAccuracy", (subsetAccuracy) => ({ subsetAccuracy })],
    ["loss", (value) => ({ loss: 1 - value })],
  ])("goes by %s, whatever the other figures do", (metric, rest) => {
    const evaluations = [0.2, 0.4, 0.3].map((value, i) => figures(i / 10, rest(value)));
    expect(bestOf(new BestEpoch(metric, 0), evaluations)).toEqual([1, 2]);
  });

  it("is none without validation: each epoch is kept, and none is called the best", () => {
    const best = new BestEpoch("microF1", 1);
    for (const epoch of [1, 2, 3]) expect(best.take(epoch, undefined)).toEqual({ best: false, kept: true });
    expect(best).toMatchObject({ epoch: 3, exhausted: false });
  });

  it("is not the one that is kept where the last one is", () => {
    const best = new BestEpoch("microF1", 0, "last");
    const verdicts = [0.5, 0.7, 0.6].map((f1, i) => best.take(i + 1, figures(f1)));
    expect(verdicts.map((verdict) => verdict.best)).toEqual([true, true, false]);
    expect(verdicts.map((verdict) => verdict.kept)).toEqual([true, true, true]);
    expect(best.epoch).toBe(3);
  });

  it("is judged without being taken", () => {
    const best = new BestEpoch("microF1", 0);
    expect(best.judge(figures(0.5))).toEqual({ best: true, kept: true });
    expect(best.epoch).toBeUndefined();
    expect(best.take(1, figures(0.5))).toEqual({ best: true, kept: true });
    expect(best.judge(figures(0.5))).toEqual({ best: false, kept: false });
  });
});

describe("patience", () => {
  const falling = [0.9, 0.8, 0.7, 0.6].map((f1) => figures(f1));
  it.each([
    [1, 2],
    [2, 3],
    [3, 4],
  ])("of %i ends after epoch %i of a run that gets worse", (patience, last) => {
    const best = new BestEpoch("microF1", patience);
    const end = falling.findIndex((evaluation, i) => {
      best.take(i + 1, evaluation);
      return best.exhausted;
    });
    expect(end + 1).toBe(last);
  });

  it("begins anew with every better epoch", () => {
    const best = new BestEpoch("microF1", 2);
    const exhausted = [0.5, 0.4, 0.6, 0.5, 0.5].map((f1, i) => {
      best.take(i + 1, figures(f1));
      return best.exhausted;
    });
    expect(exhausted).toEqual([false, false, false, false, true]);
  });

  it("of 0 never ends a run", () => {
    const best = new BestEpoch("microF1", 0);
    bestOf(best, falling);
    expect(best.exhausted).toBe(false);
  });
});
