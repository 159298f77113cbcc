// What tests of several processes share: as many models of one process, each with its place in a group.
import { join } from "node:path";
import { NativeGroup } from "../../src/native/group.js";
import type { NativeModel } from "../../src/native/model.js";
import type { NativeTraining } from "../../src/native/training.js";
import type { NativeModelSpec, NativeStep, NativeTrainingOptions } from "../../src/native/types.js";
import type { LabelledBatch } from "../../src/text/batch.js";
import { temporaryFolder } from "../parity/models.js";
import { freshModel, training } from "./tiny-bert.js";

export interface Rank {
  readonly group: NativeGroup;
  readonly model: NativeModel;
  readonly run: NativeTraining;
}

/** Groups that have met in a file, by rank. */
export async function meet(size: number, timeout = 60_000): Promise<NativeGroup[]> {
  const file = join(temporaryFolder(), "meeting");
  return await Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const group = await NativeGroup.open();
      const place = { rank, size, file, host: "", port: 0, serves: false, address: "127.0.0.1" };
      await group.meet({ ...place, interfaces: "", timeout, name: `number ${rank}` }, "{}", {});
      await group.connect({});
      return group;
    }),
  );
}

export async function ranksOf(
  size: number,
  spec: Partial<NativeModelSpec> = {},
  options: Partial<NativeTrainingOptions> = {},
): Promise<Rank[]> {
  const groups = await meet(size);
  return await Promise.all(
    groups.map(async (group) => {
      const model = await freshModel({ training: true, threads: 1, ...spec });
      return { group, model, run: await model.startTraining({ ...training, ...options }, group.session) };
    }),
  );
}

/** One step of all ranks; each has the micro-batches of its number. */
export async function stepOf(
  ranks: readonly Rank[],
  microBatches: readonly LabelledBatch[],
): Promise<NativeStep[]> {
  const labelled = microBatches.reduce(
    (sum, { labels }) => sum + labels.filter((value) => !Number.isNaN(value)).length,
    0,
  );
  return await Promise.all(
    ranks.map(({ run }, rank) => {
      const share = { labelled, firstMicroBatch: rank, allMicroBatches: ranks.length, stop: false };
      return run.step(microBatches.slice(rank, rank + 1), { share });
    }),
  );
}

export async function leave(ranks: readonly Rank[]): Promise<void> {
  await Promise.all(ranks.map(({ group }) => group.leave("")));
  await Promise.all(ranks.map(({ model }) => model.dispose()));
}
