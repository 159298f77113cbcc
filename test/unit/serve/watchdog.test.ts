// The watchdog, with models that answer when the test says so.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Classifier } from "../../../src/classifier.js";
import { ServedModel, type Slot } from "../../../src/serve/models.js";
import { Watchdog } from "../../../src/serve/watchdog.js";

const times = { idleMs: 1000, stallMs: 400 };

class Fake {
  /** The questions that are not answered. */
  readonly questions: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  readonly model: ServedModel;
  readonly stalls: unknown[][] = [];
  readonly watchdog: Watchdog;

  constructor() {
    const classifier = {
      probabilities: () =>
        new Promise((resolve, reject) => {
          this.questions.push({ answer: () => resolve(new Float32Array(1)), fail: reject });
        }),
    } as unknown as Classifier;
    const slot = { current: classifier, use: (work) => Promise.resolve(work(classifier)) } as Slot;
    this.model = new ServedModel("fake", "", slot);
    this.watchdog = new Watchdog([this.model], (...stall) => this.stalls.push(stall), times);
  }
}

let fake: Fake;

beforeEach(() => {
  vi.useFakeTimers();
  fake = new Fake();
});

afterEach(() => {
  fake.watchdog.close();
  vi.useRealTimers();
});

const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

it("asks a model that has been quiet, and no other", async () => {
  await pass(900);
  fake.model.answeredAt = performance.now();
  await pass(900);
  expect(fake.questions).toHaveLength(0);
  await pass(300);
  expect(fake.questions).toHaveLength(1);
  await pass(300); // it is asked once at a time
  expect(fake.questions).toHaveLength(1);
  fake.questions[0]!.answer();
  await pass(900);
  expect(fake.questions).toHaveLength(1);
  expect(fake.watchdog.isLive).toBe(true);
});

it("finds a model that hangs, says so once, and takes it back when it answers", async () => {
  await pass(1200);
  expect(fake.watchdog.isLive).toBe(true);
  await pass(500);
  expect(fake.watchdog.isLive).toBe(false);
  await pass(5000);
  expect(fake.stalls).toEqual([["fake", undefined]]);
  fake.questions[0]!.answer();
  await pass(0);
  expect(fake.watchdog.isLive).toBe(true);
});

it("does not take a question behind a long queue for a hung model, while others are answered", async () => {
  await pass(1200);
  for (let i = 0; i < 20; i++) {
    await pass(200);
    fake.model.answeredAt = performance.now();
  }
  expect(fake.questions).toHaveLength(1);
  expect(fake.watchdog.isLive).toBe(true);
});

it("takes a model back that answers others again, although its own question is lost", async () => {
  await pass(1800);
  expect(fake.watchdog.isLive).toBe(false);
  fake.model.answeredAt = performance.now();
  await pass(100);
  expect(fake.watchdog.isLive).toBe(true);
});

it("finds a model that fails a question, until it answers one", async () => {
  await pass(1200);
  const error = new Error("the weights are damaged");
  fake.questions[0]!.fail(error);
  await pass(0);
  expect(fake.watchdog.isLive).toBe(false);
  expect(fake.stalls).toEqual([["fake", error]]);
  await pass(200);
  fake.questions[1]!.answer();
  await pass(0);
  expect(fake.watchdog.isLive).toBe(true);
});

it("asks nothing any more when it is closed", async () => {
  fake.watchdog.close();
  await pass(60_000);
  expect(fake.questions).toHaveLength(0);
});
