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

/**
 * The verdicts on epochs, and the ranking after each.
 *
 * @param parts of each epoch, its figures without each part of the rows
 */
function follow(
  evaluations: readonly (Evaluation | undefined)[],
  options = byF1,
  parts: readonly (readonly Evaluation[])[] = [],
) {
  let ranking: EpochRanking = noEpochYet;
  const verdicts: EpochVerdict[] = [];
  const rankings = evaluations.map((evaluation, i) => {
    const validation = evaluation && { metrics: evaluation, withoutParts: parts[i] ?? [] };
    const verdict = judgeEpoch(ranking, validation, options);
    verdicts.push(verdict);
    // Through JSON, as a stored state goes.
    ranking = rankEpoch(JSON.parse(JSON.stringify(ranking)), i + 1, validation, verdict, options.bestMetric);
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

describe("the last epoch that is good", () => {
  const lastGood = { bestMetric: "microF1", keep: "last-good" } as const;
  /** The epoch that is kept of a run whose F1 is this, on all rows and without each part of them. */
  const keptOf = (epochs: readonly (readonly [f1: number, withoutParts: readonly number[]])[]) =>
    follow(
      epochs.map(([f1]) => figures(f1)),
      lastGood,
      epochs.map(([, withoutParts]) => withoutParts.map((f1) => figures(f1))),
    ).ranking;

  it("is behind the best by no more than the standard error of their difference", () => {
    // The differences without each of two parts are 0.04 and 0: their standard error is sqrt(1/2 * 2 * 0.02^2) = 0.02.
    const best = [0.8, [0.82, 0.78]] as const;
    expect(keptOf([best, [0.781, [0.78, 0.78]]])).toMatchObject({ bestEpoch: 1, keptEpoch: 2 });
    expect(keptOf([best, [0.779, [0.78, 0.78]]])).toMatchObject({ bestEpoch: 1, keptEpoch: 1 });
  });

  it("is compared on the same rows: what moves both epochs alike is no noise", () => {
    const epochs = [
      [0.8, [0.9, 0.7]],
      [0.79, [0.89, 0.69]],
    ] as const;
    expect(keptOf(epochs)).toMatchObject({ bestEpoch: 1, keptEpoch: 1 });
  });

  it("is compared with the best one, not with the one that is kept", () => {
    const slipping = [0.8, 0.785, 0.77].map((f1, i) => [f1, i === 0 ? [0.82, 0.78] : [0.78, 0.78]] as const);
    expect(keptOf(slipping)).toMatchObject({ bestEpoch: 1, keptEpoch: 2 });
  });

  it("may be the best again", () => {
    const epochs = [0.8, 0.7, 0.9].map((f1) => [f1, [f1, f1]] as const);
    expect(keptOf(epochs)).toMatchObject({ bestEpoch: 3, keptEpoch: 3 });
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
