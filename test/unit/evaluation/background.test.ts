import { describe, expect, it } from "vitest";
import { generator } from "../../../src/base/random.js";
import { inBackground } from "../../../src/evaluation/background.js";
import { type JobName, type JobParameters, jobs } from "../../../src/evaluation/jobs.js";

const names = ["a", "b", "c"];
const random = generator(1, "logits");
const draw = (length: number, from: () => number) => Float32Array.from({ length }, from);
const logits = draw(3 * 2000, () => 8 * random.float() - 4);
const labels = Float32Array.from(logits, (logit) => (logit + 4 * random.float() - 2 > 0 ? 1 : 0));

const objective = {
  loss: { positiveFocus: 2, negativeFocus: 2, margin: 0, negativeWeight: 1, smoothing: 0.1 },
};

const calls: JobParameters = {
  measure: [logits, labels, names, objective],
  test: [logits.slice(0, 3 * 400), labels.slice(0, 3 * 400), names],
  judge: [logits, labels, names, { temperatures: [1, 2, 0.5], thresholds: [0.5, 0.4, 0.6] }],
  tune: [logits, labels, names, { temperature: "per-label" }],
  rivals: [
    logits.slice(0, 3 * 400),
    logits.slice(0, 3 * 400).map((logit) => logit / 2 + 1),
    labels.slice(0, 3 * 400),
    names,
    undefined,
    Int32Array.from({ length: 400 }, (_, row) => row),
  ],
};

describe("an evaluation in the background", () => {
  it.each(Object.keys(calls) as JobName[])("gives what it gives here: %s", async (name) => {
    const check = async <Name extends JobName>(name: Name) =>
      expect(await inBackground(name, calls[name])).toEqual(jobs[name](...calls[name]));
    await check(name);
  });

  it("goes on beside the event loop when there is much to do", async () => {
    let ended = false;
    const evaluating = inBackground("measure", calls.measure).then(() => (ended = true));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(ended).toBe(false); // computed here, it would have kept the timer waiting
    expect(await evaluating).toBe(true);
  });

  it("ends with the signal's reason, whether that comes before or during it", async () => {
    const controller = new AbortController();
    const evaluating = inBackground("measure", calls.measure, { signal: controller.signal });
    const aborted = expect(evaluating).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    await aborted;
    await expect(inBackground("measure", calls.measure, { signal: controller.signal })).rejects.toThrow(
      "enough",
    );
  });

  it.each([9, 6000])("rejects with the error of the job: %i logits", async (length) => {
    const few = logits.slice(0, length).fill(Number.NaN, 4, 5);
    await expect(
      inBackground("measure", [few, labels.slice(0, length), names, objective]),
    ).rejects.toMatchObject({
      name: "TagformerError",
      code: "NOT_FINITE",
    });
    await expect(
      inBackground("measure", [few, labels.slice(1, length), names, objective]),
    ).rejects.toMatchObject({
      code: "INVALID_DATA",
    });
  });
});
