// How often a device is given something and waited for: what would make a GPU slow, and no other test would notice.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { NativeModel } from "../../src/native/model.js";
import { start } from "../native/tiny-bert.js";
import { randomBatch, temporaryFolder } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";
import { counted, simulated } from "./simulated.js";

const precisions = ["fp32", "bf16"] as const;
const cases = Object.keys(draws).flatMap((modelType) =>
  precisions.map((precision) => ({ modelType, precision })),
);

describe.skipIf(!simulated)("the device is asked no more than is needed:", () => {
  const load = (modelType: string, precision: "fp32" | "bf16", training = false) => {
    const { config, labels, vocabulary } = draws[modelType]!(generator(5, modelType));
    const spec = { config, labels, tensors: [], seed: 4, precision, threads: 1, device: "cuda", training };
    const batch = (seed: number) => randomBatch([3, 5, 2], { vocabulary, labels, seed });
    return { loading: () => NativeModel.load(spec), batch };
  };

  it.each(cases)("$modelType in $precision", async ({ modelType, precision }) => {
    const { loading, batch } = load(modelType, precision);
    let loaded: NativeModel | undefined;
    const load_ = await counted(simulated!, async () => {
      loaded = await loading();
    });
    await using model = loaded!;
    const tensors = new Set(await model.parameterNames()).size;
    expect(load_.uploads).toBeLessThanOrEqual(tensors);
    expect(load_).toMatchObject({ downloads: 0 });

    const prediction = await counted(simulated!, () => model.predict(batch(1)));
    const oneBatch = {
      uploads: 1,
      waitingUploads: 0,
      downloads: 1,
      waitingDownloads: 1,
      scalars: 0,
      waits: 0,
    };
    expect(prediction).toMatchObject(oneBatch);

    const run = await start(model);
    for (const parts of [1, 2, 4]) {
      const batches = Array.from({ length: parts }, (_, part) => batch(part));
      const step = await counted(simulated!, () => run.step(batches));
      expect(step).toMatchObject({ ...oneBatch, uploads: parts });
    }

    const file = join(temporaryFolder(), "model.safetensors");
    const saving = await counted(simulated!, () => model.save(file));
    expect(saving).toMatchObject({ uploads: 0, downloads: load_.uploads, scalars: 0, waits: 0 });
  });
});
