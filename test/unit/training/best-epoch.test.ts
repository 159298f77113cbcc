import { describe, expect, it } from "vitest";
import { type Evaluation, evaluate } from "../../../src/evaluation/metrics.js";
import {
  type EpochRanking,
  type EpochVerdict,
  isExhausted,
  judgeEpoch,
  noEpochYet,
  rankEpoch,
} from "../../../src/training/best-epoch.js";

const some = evaluate({ probabilities: Float32Array.of(0.2, 0.8) }, Float32Array.of(0, 1), ["a"]);
const figures = (f1: number, rest: Partial<Evaluation> = {}): Evaluation => ({
  ...some,
  loss: 0.5,
  micro: { ...some.micro, f1 },
  ...rest,
});

type Options = Parameters<typeof judgeEpoch>[2];
const byF1: Options = { bestMetric: "microF1", keep: "best" };

/** The verdicts on epochs, and the ranking after each. */
function follow(evaluations: readonly (Evaluation | undefined)[], options = byF1) {
  let ranking: EpochRanking = noEpochYet;
  const verdicts: EpochVerdict[] = [];
  const rankings = evaluations.map((evaluation, i) => {
    const verdict = judgeEpoch(ranking, evaluation, options);
    verdicts.push(verdict);
    // Through JSON, as a stored state goes.
    ranking = rankEpoch(JSON.parse(JSON.stringify(ranking)), i + 1, evaluation, verdict, options.bestMetric);
    return ranking;
  });
  const best = verdicts.flatMap((verdict, i) => (verdict.best ? [i + 1] : []));
  return { verdicts, rankings, ranking, best };
}

/** The epoch after which a patience ends the run; 0 when it does not. */
function endOf(evaluations: readonly (Evaluation | undefined)[], patience: number): number {
  return follow(evaluations).rankings.findIndex((ranking, i) => isExhausted(ranking, i + 1, patience)) + 1;
}

describe("the best epoch", () => {
  it("is the one with the largest figure, the earliest among equals", () => {
    const { best, ranking } = follow([0, 0.5, 0.5, 0.4, 0.6].map((f1) => figures(f1)));
    expect(best).toEqual([1, 2, 5]);
    expect(ranking).toMatchObject({ bestEpoch: 5, keptEpoch: 5 });
  });

  it.each<[Options["bestMetric"], (value: number) => Partial<Evaluation>]>([
    ["macroF1", (f1) => ({ macro: { ...some.macro, f1 } })],
    ["subsetAccuracy", (subsetAccuracy) => ({ subsetAccuracy })],
    ["loss", (value) => ({ loss: 1 - value })],
    ["averagePrecision", (averagePrecision) => ({ macro: { ...some.macro, averagePrecision } })],
    ["microAveragePrecision", (averagePrecision) => ({ micro: { ...some.micro, averagePrecision } })],
  ])("goes by %s, whatever the other figures do", (bestMetric, rest) => {
    const evaluations = [0.2, 0.4, 0.3].map((value, i) => figures(i / 10, rest(value)));
    expect(follow(evaluations, { bestMetric, keep: "best" }).best).toEqual([1, 2]);
  });

  it.each([0, 1, 0.25])("is decided by the loss where the figure stands still at %d", (f1) => {
    const evaluations = [0.5, 0.4, 0.45, 0.3].map((loss) => figures(f1, { loss }));
    expect(follow(evaluations).best).toEqual([1, 2, 4]);
  });

  it("is decided by the mean average precision where the loss says nothing", () => {
    const evaluations = [0.3, 0.6, 0.5, null].map((averagePrecision) =>
      figures(0, { loss: null, macro: { ...some.macro, averagePrecision } }),
    );
    expect(follow(evaluations).best).toEqual([1, 2]);
  });

  it("is none without validation: each epoch is kept, and none is called the best", () => {
    const { verdicts, ranking } = follow([undefined, undefined, undefined]);
    expect(verdicts).toEqual(Array(3).fill({ best: false, kept: true }));
    expect(ranking).toMatchObject({ bestEpoch: null, keptEpoch: 3 });
  });

  it("is not the one that is kept where the last one is", () => {
    const evaluations = [0.5, 0.7, 0.6].map((f1) => figures(f1));
    const { verdicts, ranking } = follow(evaluations, { bestMetric: "microF1", keep: "last" });
    expect(verdicts.map(({ best }) => best)).toEqual([true, true, false]);
    expect(verdicts.map(({ kept }) => kept)).toEqual([true, true, true]);
    expect(ranking).toMatchObject({ bestEpoch: 2, keptEpoch: 3 });
  });
});

describe("patience", () => {
  const falling = [0.9, 0.8, 0.7, 0.6].map((f1) => figures(f1));
  it.each([
    [1, 2],
    [2, 3],
    [3, 4],
    [0, 0],
  ])("of %i ends after epoch %i of a run that gets worse", (patience, last) => {
    expect(endOf(falling, patience)).toBe(last);
  });

  it("begins anew with every better epoch", () => {
    expect(
      endOf(
        [0.5, 0.4, 0.6, 0.5, 0.5].map((f1) => figures(f1)),
        2,
      ),
    ).toBe(5);
  });

  it("goes on while F1 is 0 and the loss falls, and ends when neither gets better", () => {
    const losses = [0.6, 0.5, 0.4, 0.3, 0.35, 0.32];
    expect(
      endOf(
        losses.map((loss) => figures(0, { loss })),
        2,
      ),
    ).toBe(6);
  });

  it("never ends a run without validation", () => {
    expect(endOf([undefined, undefined, undefined], 1)).toBe(0);
  });
});
