import { expect, test } from "vitest";
import { labelNames, writeTickets } from "../../../examples/quickstart/tickets.mjs";
import { BagOfWordsScorer, fitBagOfWords } from "../../../src/baseline/bag-of-words.js";
import { chunksOf, gramsOf, readable, wordsOf } from "../../../src/baseline/terms.js";
import { evaluate } from "../../../src/evaluation/metrics.js";

/** Micro-F1 on the second half of the rows after training on the first. */
function score(
  texts: readonly string[],
  labels: readonly (readonly number[])[],
  names: readonly string[],
): number {
  const half = texts.length / 2;
  const table = (from: number, to: number) => Float32Array.from(labels.slice(from, to).flat());
  const model = fitBagOfWords(texts.slice(0, half), names, { labels: table(0, half) });
  const scorer = new BagOfWordsScorer(model);
  const logits = Float32Array.from(texts.slice(half).flatMap((text) => [...scorer.logits(text)]));
  return evaluate({ logits }, table(half, texts.length), names).micro.f1;
}

test("words that tell the label are learned, missing labels left out", () => {
  const texts = Array.from(
    { length: 80 },
    (_, i) => `ticket ${i % 7} about a ${["refund", "parcel", "bug"][i % 3]}`,
  );
  const labels = texts.map((text, i) => [
    i % 9 === 0 ? Number.NaN : Number(text.includes("refund")),
    Number(!text.includes("bug")),
  ]);
  expect(score(texts, labels, ["refund", "no bug"])).toBe(1);
});

test("pairs of neighbours are seen, and no order beyond them", () => {
  const texts = ["a refund but not an invoice", "an invoice but not a refund"];
  const rows = Array.from({ length: 40 }, (_, i) => texts[i % 2]!);
  const labels = Float32Array.from(rows, (_, i) => i % 2);
  const scorer = new BagOfWordsScorer(fitBagOfWords(rows, ["refund"], { labels }));
  const logits = ["a refund but not an invoice", "but not an invoice a refund"].map(
    (text) => scorer.logits(text)[0]!,
  );
  expect(logits[0]).toBeLessThan(0);
  expect(Math.abs(logits[0]! - logits[1]!)).toBeLessThan(Math.abs(logits[0]!));
});

test("it does not solve the quickstart's task", () => {
  const tickets: { text: string; labels: (number | null)[] }[] = writeTickets(2000, 7);
  const f1 = score(
    tickets.map(({ text }) => text),
    tickets.map((ticket) => ticket.labels.map((label) => label ?? Number.NaN)),
    labelNames,
  );
  expect(f1).toBeGreaterThan(0.5);
  expect(f1).toBeLessThan(0.85);
});

test("the same rows give the same numbers, and a label beside others those that it has alone", () => {
  const texts = Array.from(
    { length: 60 },
    (_, i) => `ticket ${i} about a ${["refund", "parcel", "bug"][i % 3]}`,
  );
  const columns = texts.map((text) => [Number(text.includes("refund")), Number(text.includes("bug"))]);
  const both = fitBagOfWords(texts, ["refund", "bug"], { labels: Float32Array.from(columns.flat()) });
  const again = fitBagOfWords(texts, ["refund", "bug"], { labels: Float32Array.from(columns.flat()) });
  const alone = fitBagOfWords(texts, ["bug"], { labels: Float32Array.from(columns, ([, bug]) => bug!) });
  expect(again).toEqual(both);
  for (const [i, weight] of alone.termWeights.entries())
    expect(both.termWeights[2 * i + 1]).toBeCloseTo(weight, 4);
});

test("a label that is never or always set, or nowhere labelled, has its bias alone", () => {
  const texts = Array.from({ length: 20 }, (_, i) => `a text about ${i % 2 ? "this" : "that"}`);
  const labels = Float32Array.from(texts.flatMap(() => [0, 1, Number.NaN]));
  const model = fitBagOfWords(texts, ["never", "always", "unknown"], { labels });
  expect(model.termWeights.every((weight) => weight === 0)).toBe(true);
  expect(model.bias[0]).toBeLessThan(-3);
  expect(model.bias[1]).toBeGreaterThan(3);
  expect(model.bias[2]).toBe(0);
  expect(new BagOfWordsScorer(model).logits("")).toEqual(model.bias);
});

test("the weight of a row counts", () => {
  const texts = ["good day", "good day", "good day", "bad day", "bad day", "bad day"];
  const labels = Float32Array.of(1, 1, 0, 0, 0, 1);
  const weights = Float32Array.of(1, 1, 0, 1, 1, 0);
  const [plain, weighted] = [{ labels }, { labels, weights }].map((targets) =>
    new BagOfWordsScorer(fitBagOfWords(texts, ["good"], targets)).logits("good day"),
  );
  expect(weighted![0]).toBeGreaterThan(plain![0]! + 0.1);
});

test("words have two characters at least, and marks belong to their letters", () => {
  expect(wordsOf(readable("I am A_1, I'm हिन्दी"))).toEqual(["am", "a_1", "हिन्दी"]);
});

test("grams are those of one chunk with a blank on either side", () => {
  expect(chunksOf(readable(" Ab\n c! "))).toEqual(["ab", "c!"]);
  expect([...gramsOf("ab")]).toEqual([" a", "ab", "b ", " ab", "ab ", " ab "]);
  expect([...gramsOf("😀")]).toEqual([" 😀", "😀 ", " 😀 "]);
});
