// The bag of words against scikit-learn's TF-IDF and logistic regression.
import { expect, it } from "vitest";
import { labelNames, writeTickets } from "../../examples/quickstart/tickets.mjs";
import { BagOfWordsScorer, fitBagOfWords, usualInversePenalty } from "../../src/baseline/bag-of-words.js";
import { runPython } from "./python.js";

interface Ticket {
  readonly text: string;
  readonly labels: readonly (number | null)[];
}

interface Theirs {
  readonly terms: number;
  readonly grams: number;
  readonly logits: number[][];
}

const probability = (logit: number) => 1 / (1 + Math.exp(-logit));

it("gives scikit-learn's probabilities, and has its features", () => {
  const tickets: Ticket[] = writeTickets(800, 7);
  const others: Ticket[] = writeTickets(300, 8);
  const texts = tickets.map(({ text }) => text);
  const labels = Float32Array.from(
    tickets.flatMap((ticket) => ticket.labels.map((label) => label ?? Number.NaN)),
  );
  const ours = fitBagOfWords(texts, labelNames, { labels });
  const theirs = runPython("baseline.py", {
    texts,
    labels: tickets.map((ticket) => ticket.labels),
    others: others.map(({ text }) => text),
    inversePenalty: usualInversePenalty,
  }) as Theirs;
  expect({ terms: ours.terms.names.length, grams: ours.grams.names.length }).toEqual({
    terms: theirs.terms,
    grams: theirs.grams,
  });
  const scorer = new BagOfWordsScorer(ours);
  const differences = others.flatMap(({ text }, row) =>
    Array.from(scorer.logits(text), (logit, label) =>
      Math.abs(probability(logit) - probability(theirs.logits[row]![label]!)),
    ),
  );
  // Ours stops near the optimum; theirs goes on.
  expect(Math.max(...differences)).toBeLessThan(0.05);
  expect(differences.reduce((sum, difference) => sum + difference, 0) / differences.length).toBeLessThan(
    0.005,
  );
});
