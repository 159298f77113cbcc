// The threads that compute give way to the event loop's.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Classifier } from "../../src/index.js";
import { largeModel } from "../faults/model.js";

/** The niceness of every thread of this process, by its number; proc_pid_stat(5). */
function niceness(): Map<string, number> {
  const threads = "/proc/self/task";
  return new Map(
    readdirSync(threads).map((id) => {
      const afterName = readFileSync(`${threads}/${id}/stat`, "utf8").split(") ").at(-1)!;
      return [id, Number(afterName.split(" ")[16])];
    }),
  );
}

it.runIf(process.platform === "linux")("threads that compute are nicer than the others by five", async () => {
  const before = niceness();
  const usual = before.get(`${process.pid}`)!;
  await using classifier = await Classifier.load(await largeModel(), { threads: 3 });
  await classifier.predict(Array.from({ length: 50 }, () => "my parcel is late"));
  const started = [...niceness()].filter(([id]) => !before.has(id)).map(([, nice]) => nice);
  expect(started.filter((nice) => nice === usual + 5).length).toBeGreaterThanOrEqual(3);
  expect(niceness().get(`${process.pid}`)).toBe(usual);
});
