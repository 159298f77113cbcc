// A run on a device that is interrupted and resumed ends with the bytes of an undisturbed one, in every form of a batch.
import { describe, expect, it, vi } from "vitest";
import type { TrainingRun } from "../../src/training/trainer.js";
import { compare, interrupt } from "../unit/training/interrupted-runs.js";
import { errorOf, finish, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";

/** 15 steps an epoch. */
const small = { train: tinyDataset(133), epochs: 3, device: "cuda" } as const;

describe.each<[string, string, Partial<TrainingRun>]>([
  ["the dense form", "", {}],
  ["the dense form in bf16", "", { precision: "bf16" }],
  ["the packed form", "flash", { precision: "bf16" }],
])("in %s", (_, experiments, changes) => {
  it("a resumed run ends as an undisturbed one", async () => {
    vi.stubEnv("TAGFORMER_EXPERIMENTAL", experiments);
    const events = await compare(tinyRun({ ...small, ...changes }), [4, 20]);
    const start = events.find((event) => event.type === "start")!;
    const experimental = start.notes.filter((note) => note.startsWith("experimental: "));
    expect(experimental).toEqual(experiments === "" ? [] : [`experimental: ${experiments}`]);
  });
});

it("whose steps are recorded is resumed only where another end is accepted", async () => {
  vi.stubEnv("TAGFORMER_EXPERIMENTAL", "graphs");
  const run = tinyRun(small);
  expect(await interrupt(run, (event) => event.type === "step" && event.step === 20)).toBe(true);
  const { code, message } = await errorOf(() => finish({ ...run, resume: true } as TrainingRun));
  expect({ code, message }).toMatchObject({
    code: "INVALID_OPTION",
    message: expect.stringMatching(/which steps are recorded .*graphs.*--allow-inexact-resume/),
  });
  const { end } = await finish({ ...run, resume: true, allowInexactResume: true } as TrainingRun);
  expect(end.reason).toBe("finished");
});
