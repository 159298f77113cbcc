// Are the labels that were made wrong among the most suspicious ones, and as many as is said?
import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { suspectedLabelErrors } from "../../src/evaluation/label-errors.js";
import { mean, standardError } from "./bounds.js";
import { normal } from "./tables.js";

interface Noise {
  readonly name: string;
  readonly rates: readonly number[];
  /** How far apart the scores of positives and negatives are. */
  readonly skill: readonly number[];
  /** Chance that a label stands where it does not belong, and that it is missing where it does. */
  readonly given: number;
  readonly missing: number;
  /** What the model does to its calibrated logits. */
  readonly factor?: number;
  readonly shift?: number;
  /** The mistakes were made after the model learnt, which is calibrated for the labels without them. */
  readonly later?: boolean;
}

const noises: readonly Noise[] = [
  { name: "as many of both kinds", rates: [0.3, 0.3], skill: [2, 2], given: 0.05, missing: 0.05 },
  { name: "rare labels", rates: [0.3, 0.05, 0.02], skill: [1.8, 1.2, 1], given: 0.01, missing: 0.1 },
  { name: "only missing", rates: [0.2, 0.1, 0.05], skill: [1.8, 1.8, 1.5], given: 0, missing: 0.15 },
  { name: "only wrongly given", rates: [0.2, 0.1, 0.05], skill: [1.8, 1.8, 1.5], given: 0.02, missing: 0 },
  {
    name: "a model that is too sure",
    rates: [0.2, 0.1],
    skill: [1.5, 1.8],
    given: 0.01,
    missing: 0.1,
    factor: 2,
  },
  {
    name: "one not sure enough",
    rates: [0.2, 0.1],
    skill: [1.5, 1.8],
    given: 0.01,
    missing: 0.1,
    factor: 0.5,
    shift: -1,
  },
  {
    name: "as many of both kinds, later",
    rates: [0.25, 0.1],
    skill: [1.8, 1.5],
    given: 0.04,
    missing: 0.04,
    later: true,
  },
  { name: "missing, later", rates: [0.25, 0.1], skill: [2, 1.5], given: 0, missing: 0.15, later: true },
  {
    name: "wrongly given, later",
    rates: [0.15, 0.04],
    skill: [1.8, 1.8],
    given: 0.04,
    missing: 0,
    later: true,
  },
  {
    name: "flips of frequent and rare labels",
    rates: [0.4, 0.1, 0.03],
    skill: [2, 2, 2],
    given: 0.02,
    missing: 0.02,
  },
];

/** A tenth of the rows say nothing; a model learnt from the noisy labels and is calibrated but for its factor and shift. */
function table(
  rows: number,
  { rates, skill, given, missing, factor = 1, shift = 0, later = false }: Noise,
  seed: number,
) {
  const random = generator(seed, "label noise");
  const width = rates.length;
  const wrong = new Uint8Array(rows * width);
  const labels = new Float32Array(rows * width);
  const logits = labels.map((_, i) => {
    const [rate, reach] = [rates[i % width]!, skill[i % width]!];
    const belongs = random.float() < rate;
    const isVague = random.float() < 0.1;
    const evidence = (isVague ? 0 : belongs ? reach : -reach) + normal(random);
    wrong[i] = Number(random.float() < (belongs ? missing : given));
    labels[i] = Number(belongs !== (wrong[i] === 1));
    const density = (centre: number) => Math.exp(-((evidence - centre) ** 2) / 2);
    const likelihood = (centre: number) => 0.9 * density(centre) + 0.1 * density(0);
    const yes = rate * likelihood(reach);
    const posterior = yes / (yes + (1 - rate) * likelihood(-reach));
    const observed = later ? posterior : posterior * (1 - missing) + (1 - posterior) * given;
    return factor * Math.log(observed / (1 - observed)) + shift;
  });
  return { labels, logits, wrong };
}

/** For the body of a test file. */
export function judgeLabelErrors(tables: number): void {
  it.each(noises)(
    "injected noise ($name) is found at least as well as by the distance of probability and label",
    (noise) => {
      const names = noise.rates.map((_, label) => `label ${label}`);
      const gains: number[] = [];
      const excess: number[] = [];
      const missingFound: number[] = [];
      for (let seed = 0; seed < tables; seed++) {
        const { labels, logits, wrong } = table(1000, noise, seed);
        const count = wrong.reduce((sum, one) => sum + one, 0);
        const { suspects, expectedWrong } = suspectedLabelErrors({ logits }, labels, names, count);
        const places = suspects.map(({ row, label }) => row * names.length + names.indexOf(label));
        const distance = (i: number) => Math.abs(1 / (1 + Math.exp(-logits[i]!)) - labels[i]!);
        const byDistance = [...labels.keys()].sort((a, b) => distance(b) - distance(a)).slice(0, count);
        const found = (list: readonly number[]) => list.filter((i) => wrong[i] === 1).length;
        gains.push((found(places) - found(byDistance)) / count);
        excess.push((expectedWrong - found(places)) / count);
        const absent = [...labels.keys()].filter((i) => wrong[i] === 1 && labels[i] === 0);
        if (absent.length > 0)
          missingFound.push(places.filter((i) => absent.includes(i)).length / absent.length);
      }
      // Where all noise is of the kind that is sorted first by distance, nothing can be better; one in a hundred is given away.
      expect(mean(gains)).toBeGreaterThan(-0.01 - 4 * standardError(gains));
      if (noise.missing > noise.given) {
        expect(mean(gains)).toBeGreaterThan(0.04);
        expect(mean(missingFound)).toBeGreaterThan(0.35);
      }
      expect(Math.abs(mean(excess))).toBeLessThan(0.1 + 4 * standardError(excess));
    },
  );
}
