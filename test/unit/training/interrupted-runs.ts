// Runs that are interrupted and resumed, and what they leave.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect } from "vitest";
import type { EndEvent, TrainingEvent } from "../../../src/training/events.js";
import type { TrainingRun } from "../../../src/training/trainer.js";
import { finish, temporaryFolder } from "./tiny-run.js";

/** Where the checkpoints of a run are. */
export const checkpointsOf = ({ output }: TrainingRun) => join(dirname(output), `.${basename(output)}.run`);

/** Every file of a model directory but for times, by name. */
export function contentOf(directory: string): Record<string, string> {
  const withoutTimes = (text: string) =>
    text
      .replaceAll(/"(trainedAt|seconds)": *("[^"]*"|[\d.e-]+)/g, '"$1": 0')
      .replaceAll(/<dt>minutes<\/dt><dd>[\d.]+/g, "<dt>minutes</dt><dd>");
  return Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      name.endsWith(".safetensors")
        ? readFileSync(join(directory, name)).toString("hex")
        : withoutTimes(readFileSync(join(directory, name), "utf8")),
    ]),
  );
}

/** Interrupts a run when an event says so; `false` when it was over before. */
export async function interrupt(run: TrainingRun, when: (event: TrainingEvent) => boolean): Promise<boolean> {
  const controller = new AbortController();
  const { end } = await finish(run, controller.signal, (event) => {
    if (when(event)) controller.abort();
  });
  return end.reason === "stopped";
}

/** The same run into a folder of its own, so that one can be compared with the other. */
export const elsewhere = (run: TrainingRun): TrainingRun =>
  ({ ...run, output: join(temporaryFolder(), basename(run.output)) }) as TrainingRun;

/** An end, whatever folder it is in. */
const withoutFolder = (end: EndEvent) =>
  JSON.parse(JSON.stringify(end).replaceAll(dirname(end.directory), ""));

/** Interrupts after each of these steps, resumes, and compares with the run that is not interrupted. */
export async function compare(
  run: TrainingRun,
  steps: readonly number[],
  resumed: Partial<TrainingRun> = {},
) {
  const undisturbed = await finish(elsewhere(run));
  for (const [i, step] of steps.entries()) {
    const again = { ...run, resume: i > 0 } as TrainingRun;
    expect(await interrupt(again, (event) => event.type === "step" && event.step === step)).toBe(true);
  }
  const { end, events } = await finish({ ...run, ...resumed, resume: true } as TrainingRun);
  expect(withoutFolder(end)).toEqual(withoutFolder(undisturbed.end));
  expect(contentOf(run.output)).toEqual(contentOf(undisturbed.end.directory));
  expect(existsSync(checkpointsOf(run))).toBe(false);
  return events;
}
