// The threads that compute give way to the event loop's.
import { expect, it } from "vitest";
import { Classifier } from "../../src/index.js";
import { largeModel } from "../faults/model.js";
import { niceness } from "../fixtures/niceness.js";

it.runIf(process.platform === "linux")("threads that compute are nicer than the others by five", async () => {
  const before = niceness();
  const usual = before.get(`${process.pid}`)!;
  await using classifier = await Classifier.load(await largeModel(), { threads: 3 });
  await classifier.predict(Array.from({ length: 50 }, () => "my parcel is late"));
  const started = [...niceness()].filter(([id]) => !before.has(id)).map(([, nice]) => nice);
  expect(started.filter((nice) => nice === usual + 5).length).toBeGreaterThanOrEqual(3);
  expect(niceness().get(`${process.pid}`)).toBe(usual);
});
