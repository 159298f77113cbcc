// When a run writes checkpoints.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import type { NativeTraining } from "../../../src/native/training.js";
import { checkpointOptions } from "../../../src/options/checkpoints.js";
import { Checkpointer } from "../../../src/training/checkpointer.js";
import { RunDirectory } from "../../../src/training/run-directory.js";
import { memoryOf, namesIn } from "./checkpoints.js";
import { temporaryFolder } from "./tiny-run.js";

/** Tells when what it was given to write is written. */
class WatchedDirectory extends RunDirectory {
  #written = Promise.resolve();

  override publish(...parts: Parameters<RunDirectory["publish"]>): Promise<void> {
    this.#written = super.publish(...parts);
    return this.#written;
  }

  async written(): Promise<void> {
    await vi.waitUntil(() => !namesIn(this).some((name) => name.startsWith("writing-")), { timeout: 60_000 });
    await this.#written;
    await setImmediate();
  }
}

/** A training whose tensors are none. */
const training = {
  async writeCheckpoint(file: string) {
    const header = "{}";
    writeFileSync(
      file,
      Buffer.concat([Buffer.from([header.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(header)]),
    );
  },
} as NativeTraining;

/** Lets seconds pass only when told to. */
function stoppedClock(): (seconds: number) => void {
  let now = 1_000_000;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  return (seconds) => {
    now += 1000 * seconds;
  };
}

/** A run that begins; `saved` waits for what is being written and tells the step of the newest checkpoint. */
async function begin(options: { checkpointMinutes?: number; checkpointSteps?: number } = {}) {
  const directory = new WatchedDirectory(join(temporaryFolder(), "model"));
  let steps = 0;
  const failed = vi.fn();
  const checkpointer = new Checkpointer({
    directory,
    options: checkpointOptions.parse(options),
    size: { totalSteps: 1000, epochs: 100 },
    remember: () => memoryOf(steps),
    failed,
  });
  await checkpointer.begin();
  return {
    step: () => checkpointer.stepMade(training, memoryOf(++steps).state),
    endEpoch: () => checkpointer.epochEnded(training),
    async saved() {
      await directory.written();
      expect(failed).not.toHaveBeenCalled();
      return (await directory.newestSummary()).checkpoint?.step;
    },
  };
}

it("is at the end of an epoch, but not of each that is shorter than ten seconds", async () => {
  const pass = stoppedClock();
  const { step, endEpoch, saved } = await begin();
  const found: unknown[] = [];
  for (let epoch = 1; epoch <= 9; epoch++) {
    await step();
    pass(epoch < 8 ? 4 : 30);
    await endEpoch();
    found.push(await saved());
  }
  expect(found).toEqual([0, 0, 3, 3, 3, 6, 6, 8, 9]);
});

it("is after so many steps or minutes as were asked for, however short", async () => {
  const pass = stoppedClock();
  const bySteps = await begin({ checkpointSteps: 2 });
  const found: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    await bySteps.step();
    found.push(await bySteps.saved());
  }
  expect(found).toEqual([0, 2, 2, 4, 4]);
  const byTime = await begin({ checkpointMinutes: 0.05 });
  await byTime.step();
  pass(3);
  await byTime.step();
  expect(await byTime.saved()).toBe(2);
});
