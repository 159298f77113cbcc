// The lifetime table: whatever ends a process, a worker or a model, at whatever moment, ends it cleanly.
import { expect } from "vitest";
import { largeModel } from "./model.js";
import { runChild } from "./run-child.js";

/** Of a model behind the door to the add-on, and of what users hold, which has threads for tokenizers besides. */
const moments = [
  ...["load", "predict", "training step", "save"],
  ...["a classifier's load", "a classifier's predict", "a run", "idle"],
];

/** How the process ends. */
interface Expectation {
  readonly end: number | string;
  readonly stderr?: RegExp;
  /** How each of its jobs may end; absent where the process is gone before they do. */
  readonly outcomes?: readonly string[];
  /** Exit code of its worker. */
  readonly workerEnd?: number;
  /** Whether what is under way goes on to its own end. */
  readonly finishes?: true;
}

/** What lifetime.mjs reports. */
interface Reports {
  /** Jobs that had not settled when the event came. */
  readonly pending: number;
  /** When the event came, in milliseconds as Date.now() counts. */
  readonly at: number;
  readonly outcomes?: readonly string[];
  readonly workerEnd?: number;
}

/** What may become of jobs whose model is disposed of; those of a load that is given up are aborted. */
const settled = ["done", "DISPOSED", "AbortError"];

const expectations: Readonly<Record<string, Expectation>> = {
  "process.exit()": { end: 7 },
  "uncaught exception": { end: 1, stderr: /Error: on purpose/ },
  "unhandled rejection": { end: 1, stderr: /Error: on purpose/ },
  SIGTERM: { end: "SIGTERM" },
  "natural exit": { end: 0, outcomes: ["done"], finishes: true },
  dispose: { end: 0, outcomes: settled },
  "dispose twice": { end: 0, outcomes: settled },
  "dispose by several": { end: 0, outcomes: settled },
  "worker.terminate()": { end: 0, workerEnd: 1 },
  "worker's process.exit()": { end: 0, workerEnd: 5 },
  "worker's natural end": { end: 0, workerEnd: 0, finishes: true },
};

/** Every event at every moment. */
export const cells = Object.keys(expectations).flatMap((event) =>
  moments.map((moment) => [event, moment] as const),
);

let trained: Promise<string> | undefined;

/**
 * Runs one cell once.
 *
 * @param delay milliseconds between the beginning of the work and the event
 * @returns milliseconds between the event and the end of the process; `null` where work goes on to its own end
 */
export async function checkCell(event: string, moment: string, delay: number): Promise<number | null> {
  const { end, stderr, outcomes, workerEnd, finishes } = expectations[event]!;
  trained ??= largeModel();
  const child = await runChild("lifetime.mjs", event, moment, `${delay}`, await trained);
  expect(child, child.stderr).toMatchObject({ end, stderr: stderr ? expect.stringMatching(stderr) : "" });
  const reports = child.reports as unknown as Reports;
  expect(reports.workerEnd).toBe(workerEnd);
  expect(reports.outcomes === undefined).toBe(outcomes === undefined);
  for (const outcome of reports.outcomes ?? []) expect(outcomes).toContain(outcome);
  if (moment !== "idle") expect(reports.pending, "jobs under way when the event came").toBeGreaterThan(0);
  return finishes ? null : child.endedAt - reports.at;
}
