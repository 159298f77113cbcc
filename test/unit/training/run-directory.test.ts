// The directory of a run's checkpoints: which are kept, which is chosen, what is left behind.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../../src/base/digest.js";
import { RunDirectory } from "../../../src/training/run-directory.js";
import { memoryOf, namesIn, writeCheckpoint } from "./checkpoints.js";
import { temporaryFolder } from "./tiny-run.js";

let runs: RunDirectory;
beforeEach(() => {
  runs = new RunDirectory(join(temporaryFolder(), "model"));
});

/** Changes a manifest and gives it the digest that it then has. */
function rewriteManifest(directory: string, change: (manifest: Record<string, unknown>) => void): void {
  const file = join(directory, "manifest.json");
  const { manifest } = JSON.parse(readFileSync(file, "utf8"));
  change(manifest);
  writeFileSync(file, JSON.stringify({ manifest, sha256: digestOf([JSON.stringify(manifest)]) }));
}

describe("checkpoints", () => {
  it("are read as they were written, bit for bit", async () => {
    await writeCheckpoint(runs, 12);
    const { checkpoint } = await runs.newest();
    const { identity, state, steps, kept } = memoryOf(12);
    expect(checkpoint).toMatchObject({ number: 1, step: 12, identity, state });
    expect(checkpoint!.steps).toEqual(steps);
    expect(Buffer.from(checkpoint!.kept.validationLogits!.buffer)).toEqual(
      Buffer.from(kept.validationLogits!.buffer),
    );
    expect(readFileSync(checkpoint!.tensors!)).toEqual(Buffer.alloc(5000, 12));
  });

  it("are kept two at a time, the newest ones", async () => {
    for (const steps of [1, 2, 3, 4]) await writeCheckpoint(runs, steps);
    expect(namesIn(runs)).toEqual(["checkpoint-3", "checkpoint-4"]);
    expect((await runs.newest()).checkpoint).toMatchObject({ step: 4 });
  });

  it("of the same step are told apart by their numbers: the later one counts", async () => {
    for (let number = 1; number <= 11; number++) await writeCheckpoint(runs, 7);
    expect((await runs.newestSummary()).checkpoint).toMatchObject({ number: 11 });
  });

  it("count only when they are whole, and no earlier", async () => {
    await writeCheckpoint(runs, 1);
    const { directory } = await runs.begin();
    writeFileSync(join(directory, "training.safetensors"), "half");
    expect(await runs.newest()).toMatchObject({ checkpoint: { step: 1 }, skipped: [] });
    await runs.tidy();
    expect(namesIn(runs)).toEqual(["checkpoint-1"]);
  });

  it("of a newer version are skipped with that reason, and so are renamed ones", async () => {
    for (const steps of [1, 2]) await writeCheckpoint(runs, steps);
    const [older, newer] = ["checkpoint-1", "checkpoint-2"].map((name) => join(runs.path, name));
    rewriteManifest(newer!, (manifest) => {
      manifest.formatVersion = 2;
    });
    expect(await runs.newest()).toMatchObject({
      checkpoint: { step: 1 },
      skipped: [{ directory: newer, reason: "a newer tagformer wrote it" }],
    });
    rmSync(newer!, { recursive: true });
    renameSync(older!, newer!);
    expect(await runs.newest()).toEqual({
      checkpoint: null,
      skipped: [{ directory: newer, reason: "manifest.json is damaged" }],
    });
  });

  it("never name files outside of themselves", async () => {
    await writeCheckpoint(runs, 1);
    const directory = join(runs.path, "checkpoint-1");
    rewriteManifest(directory, (manifest) => {
      manifest.files = { "../../secret": { bytes: 1, sha256: "" } };
    });
    expect((await runs.newest()).skipped).toEqual([
      { directory, reason: "manifest.json names ../../secret" },
    ]);
  });

  it("are alone in their directory with the progress: other files there do no harm", async () => {
    await writeCheckpoint(runs, 1);
    mkdirSync(join(runs.path, "checkpoint-x"));
    writeFileSync(join(runs.path, "checkpoint-0001"), "");
    expect((await runs.newest()).skipped).toEqual([]);
    await runs.clear();
    expect(await runs.newest()).toEqual({ checkpoint: null, skipped: [] });
  });
});

describe("the progress", () => {
  it("is what was noted last; unknown where it was not, or cannot be read", async () => {
    expect(await runs.progress()).toBeNull();
    await writeCheckpoint(runs, 1);
    await runs.noteProgress({ step: 9, at: "2026-01-01T00:00:00.000Z" });
    expect(await runs.progress()).toEqual({ step: 9, at: "2026-01-01T00:00:00.000Z" });
    writeFileSync(join(runs.path, "progress.json"), "{");
    expect(await runs.progress()).toBeNull();
  });
});
