// Calls that a signal ends: at once, or when the work has ended.
import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { stoppable, untilAborted } from "../../../src/base/cancel.js";

const reason = new Error("no longer wanted");

it("untilAborted rejects at once, however long the work takes, and stops it", async () => {
  const controller = new AbortController();
  const stopped: unknown[] = [];
  const endless = new Promise<never>(() => {});
  const call = untilAborted(controller.signal, endless, (given) => stopped.push(given));
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(stopped).toEqual([reason]);
});

it("untilAborted rejects when the signal was given before", async () => {
  await expect(untilAborted(AbortSignal.abort(reason), new Promise(() => {}), () => {})).rejects.toBe(reason);
});

it("stoppable waits until the work has ended, and then throws the signal's reason", async () => {
  const controller = new AbortController();
  const order: string[] = [];
  let end: (error: Error) => void = () => {};
  const work = () =>
    new Promise<never>((_, reject) => {
      end = reject;
    });
  const call = stoppable(controller.signal, () => order.push("stop"), work).finally(() =>
    order.push("thrown"),
  );
  const seen = expect(call).rejects.toBe(reason);
  controller.abort(reason);
  await new Promise(setImmediate);
  order.push("ended");
  end(new Error("stopped"));
  await seen;
  expect(order).toEqual(["stop", "ended", "thrown"]);
});

it("work that ends by itself has its result, and leaves no listener on the signal", async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(signal, Promise.resolve(1), () => {})).toBe(1);
  expect(
    await stoppable(
      signal,
      () => {},
      async () => 2,
    ),
  ).toBe(2);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
