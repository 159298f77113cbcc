// What is off until a GPU has agreed: flash attention over packed batches, and steps that are recorded and replayed. For
// every architecture that takes them, they give what the paths give that they replace.
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { NativeModel } from "../../src/native/model.js";
import { start } from "../native/tiny-bert.js";
import { largestDifference, randomBatch } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";
import { counted, giveUpAfter, simulated } from "./simulated.js";

const architectures = Object.keys(draws);
/** Libtorch's kernels take heads of a multiple of eight. */
const heads = { hidden_size: 48, num_attention_heads: 3 };
/** What a random model must have to be packed. */
const packed: Record<string, object> = {
  albert: heads,
  bert: heads,
  camembert: heads,
  distilbert: { dim: 48, n_heads: 3 },
  electra: heads,
  // A window, and a last layer that sees the whole text.
  modernbert: {
    ...heads,
    num_hidden_layers: 2,
    layer_types: ["sliding_attention", "full_attention"],
    local_attention: 4,
  },
  roberta: heads,
  "xlm-roberta": heads,
};

function load(modelType: string, experiments: string[], changes: object = {}) {
  const { config, labels, vocabulary } = draws[modelType]!(generator(5, modelType));
  const spec = { labels, tensors: [], seed: 4, precision: "bf16", threads: 1, device: "cuda" } as const;
  return {
    loading: NativeModel.load({ ...spec, config: { ...config, ...changes }, experiments }),
    batch: randomBatch([3, 9, 2, 6], { vocabulary, labels, seed: 1 }),
  };
}

describe.each(architectures)("%s", (modelType) => {
  it.skipIf(!simulated)("a replayed step is the recorded one bit for bit", async () => {
    const { loading, batch } = load(modelType, ["graphs"]);
    await using model = await loading;
    expect(model.info.deviceNote).toContain("graphs");
    // Nothing changes, so that all steps are the same: the first is computed, the second recorded, the others replayed.
    const run = await start(model, { dropout: false, learningRate: 0, weightDecay: 0 });
    const steps: { loss: number; gradientNorm: number }[] = [];
    const { replays, pools } = await counted(simulated!, async () => {
      for (let i = 0; i < 4; i++) {
        const { loss, gradientNorm } = await run.step([batch]);
        steps.push({ loss, gradientNorm });
      }
    });
    expect({ replays, pools }).toEqual({ replays: 3, pools: 1 });
    expect(steps.slice(1)).toEqual(steps.slice(0, -1));
  });
});

it.skipIf(!simulated)("a recorded step that is given up is the same when it is made again", async () => {
  const losses = async (isGivenUp: boolean) => {
    const { loading, batch } = load("bert", ["graphs"], { num_hidden_layers: 12 });
    await using model = await loading;
    const run = await start(model);
    const found: number[] = [];
    while (found.length < 4) {
      const given = isGivenUp
        ? (await giveUpAfter(simulated!, 20, (options) => run.step([batch], options))).result
        : null;
      // What was done before is done.
      found.push((given ?? (await run.step([batch]))).loss);
    }
    return found;
  };
  expect(await losses(true)).toEqual(await losses(false));
});

it.skipIf(!simulated)("recordings of all shapes share one pool of memory", async () => {
  const { loading } = load("bert", ["graphs"]);
  await using model = await loading;
  const run = await start(model);
  const { labels, vocabulary } = draws.bert!(generator(5, "bert"));
  const { pools, replays } = await counted(simulated!, async () => {
    for (const longest of [2, 5, 9]) {
      const batch = randomBatch([longest, 1], { vocabulary, labels, seed: 2 });
      for (let i = 0; i < 3; i++) await run.step([batch]);
    }
  });
  expect({ pools, replays }).toEqual({ pools: 1, replays: 6 });
});

describe.each(Object.entries(packed))("flash attention of %s", (modelType, changes) => {
  it.skipIf(!simulated)("computes what padded batches give, alone and recorded", async () => {
    const outcomes = [];
    for (const experiments of [[], ["flash"], ["flash", "graphs"]]) {
      const { loading, batch } = load(modelType, experiments, changes);
      await using model = await loading;
      expect(model.info.deviceNote).toBe(
        experiments.length === 0 ? "" : `experimental: ${experiments.join(" ")}`,
      );
      const logits = await model.predict(batch);
      const run = await start(model, { dropout: false });
      const losses: number[] = [];
      for (let i = 0; i < 3; i++) losses.push((await run.step([batch])).loss);
      outcomes.push({ logits, losses });
    }
    const [padded, flash, recorded] = outcomes;
    expect(largestDifference(flash!.logits, padded!.logits)).toBeLessThan(0.02);
    expect(largestDifference(flash!.losses, padded!.losses)).toBeLessThan(0.02);
    expect(recorded!.logits).toEqual(flash!.logits);
    expect(largestDifference(recorded!.losses, flash!.losses)).toBeLessThan(0.005);
  });
});
