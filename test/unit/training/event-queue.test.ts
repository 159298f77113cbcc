import { expect, it } from "vitest";
import { EventQueue } from "../../../src/training/event-queue.js";
import type { StepEvent, TrainingEvent, ValidationProgressEvent } from "../../../src/training/events.js";

const step = (number: number) => ({ type: "step", step: number }) as StepEvent;
const progress = (rows: number) => ({ type: "validation", rows }) as ValidationProgressEvent;
const epoch = { type: "epoch" } as TrainingEvent;

/** What a reader gets who comes when everything has happened. */
async function late(events: readonly TrainingEvent[]): Promise<TrainingEvent[]> {
  const queue = new EventQueue();
  for (const event of events) queue.add(event);
  queue.end();
  const seen: TrainingEvent[] = [];
  for await (const event of queue) seen.push(event);
  return seen;
}

it("events are handed out as they come, until the end", async () => {
  const queue = new EventQueue();
  const seen: TrainingEvent[] = [];
  const reading = (async () => {
    for await (const event of queue) seen.push(event);
  })();
  for (const event of [step(1), progress(1), progress(2), epoch]) {
    queue.add(event);
    await new Promise(setImmediate);
    expect(seen.at(-1)).toBe(event);
  }
  queue.end();
  await reading;
  expect(seen).toHaveLength(4);
});

it("reports on a prediction that wait are merged, and the last is never lost", async () => {
  const events = [step(1), progress(1), progress(2), progress(3), epoch, step(2), progress(1)];
  expect(await late(events)).toEqual([step(1), progress(3), epoch, step(2), progress(1)]);
});

it("a reader who is far behind gets every epoch and the newest thousand steps", async () => {
  const events = Array.from({ length: 2500 }, (_, i) => ((i + 1) % 500 === 0 ? epoch : step(i)));
  const seen = await late(events);
  expect(seen.filter((event) => event === epoch)).toHaveLength(5);
  const steps = seen.filter((event) => event.type === "step");
  expect(steps).toEqual(events.filter((event) => event.type === "step").slice(-1000));
});
