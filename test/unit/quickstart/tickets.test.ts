import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generate, quickstartTickets } from "../../../examples/quickstart/generate.mjs";
import * as phrases from "../../../examples/quickstart/phrases.mjs";
import { labelNames, writeTickets } from "../../../examples/quickstart/tickets.mjs";
import { readDataset } from "../../../src/data/read.js";

interface Ticket {
  readonly id: string;
  readonly text: string;
  readonly labels: readonly (0 | 1 | null)[];
}

const tickets: Ticket[] = quickstartTickets();

test("the same seed writes the same tickets, another seed others", () => {
  expect(writeTickets(200, 1)).toEqual(writeTickets(200, 1));
  expect(writeTickets(200, 1)).not.toEqual(writeTickets(200, 2));
});

test("no text and no id occurs twice", () => {
  expect(new Set(tickets.map(({ text }) => text)).size).toBe(tickets.length);
  expect(new Set(tickets.map(({ id }) => id)).size).toBe(tickets.length);
});

test("texts are a few words to a few sentences long, and no slot is left open", () => {
  for (const { text } of tickets) {
    const words = text.split(/\s+/).length;
    expect(words, text).toBeGreaterThanOrEqual(3);
    expect(words, text).toBeLessThanOrEqual(60);
    expect(text).not.toMatch(/[{}]|undefined/);
  }
});

test("six unbalanced, overlapping labels, some of them missing", () => {
  const rates = labelNames.map((_: string, i: number) => {
    return tickets.filter(({ labels }) => labels[i] === 1).length / tickets.length;
  });
  expect(labelNames).toHaveLength(6);
  expect(Math.min(...rates)).toBeGreaterThan(0.04);
  expect(Math.max(...rates)).toBeLessThan(0.4);
  expect(Math.max(...rates) / Math.min(...rates)).toBeGreaterThan(2);
  const several = tickets.filter(({ labels }) => labels.filter((label) => label === 1).length > 1);
  expect(several.length / tickets.length).toBeGreaterThan(0.2);
  const cells = tickets.flatMap(({ labels }) => labels);
  const missing = cells.filter((label) => label === null).length / cells.length;
  expect(missing).toBeGreaterThan(0.005);
  expect(missing).toBeLessThan(0.02);
});

test("every way to say that something is wrong has a twin that says it is not", () => {
  for (const { bad, fine } of [...Object.values(phrases.topics), phrases.anything] as Record<
    string,
    string[]
  >[]) {
    expect(fine).toHaveLength(bad!.length);
  }
  expect(phrases.problems.fine).toHaveLength(phrases.problems.bad.length);
  expect(phrases.singleRequests.unwanted).toHaveLength(phrases.singleRequests.wanted.length);
  expect(phrases.urgency.patient).toHaveLength(phrases.urgency.urgent.length);
  expect(phrases.conditions.fails).toHaveLength(phrases.conditions.holds.length);
});

test("the table is read back as it was written", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quickstart-"));
  try {
    const { dataset } = await readDataset(generate(folder));
    expect(dataset.labelNames).toEqual(labelNames);
    expect([...(dataset.ids ?? [])]).toEqual(tickets.map(({ id }) => id));
    expect([...dataset.texts]).toEqual(tickets.map(({ text }) => text));
    expect([...dataset.labels]).toEqual(
      tickets.flatMap(({ labels }) => labels.map((label) => label ?? Number.NaN)),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
