import { expect, test } from "vitest";
import { bagOfWords } from "../../../examples/quickstart/bag-of-words.mjs";
import { labelNames, writeTickets } from "../../../examples/quickstart/tickets.mjs";
import { evaluate } from "../../../src/evaluation/metrics.js";

/** Micro-F1 on the second half of the rows after training on the first. */
function score(
  texts: readonly string[],
  labels: readonly (readonly number[])[],
  names: readonly string[],
): number {
  const half = texts.length / 2;
  const table = (from: number, to: number) => Float32Array.from(labels.slice(from, to).flat());
  const training = { texts: texts.slice(0, half), labels: table(0, half), labelNames: names };
  const logits = bagOfWords(training, texts.slice(half));
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

test("the order of words is not seen", () => {
  const texts = Array.from({ length: 80 }, (_, i) =>
    i % 2 ? "a refund, not an invoice" : "an invoice, not a refund",
  );
  const training = { texts, labels: Float32Array.from(texts, (_, i) => i % 2), labelNames: ["refund"] };
  const [first, second] = bagOfWords(training, texts);
  expect(first).toBeCloseTo(second!, 6);
});

test("it does not solve the quickstart's task", () => {
  const tickets: { text: string; labels: (number | null)[] }[] = writeTickets(2000, 7);
  const labels = tickets.map((ticket) => ticket.labels.map((label) => label ?? Number.NaN));
  const f1 = score(
    tickets.map(({ text }) => text),
    labels,
    labelNames,
  );
  expect(f1).toBeGreaterThan(0.5);
  expect(f1).toBeLessThan(0.8);
});
