// How long a text may be is told from config.json alone as the engine tells it.
import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { positionsOf } from "../../src/model/architectures.js";
import { NativeModel } from "../../src/native/model.js";
import { draws } from "../parity/random-configs.js";

it.each(Object.keys(draws))("positions of %s", async (modelType) => {
  const spec = { tensors: [], seed: 1, precision: "fp32", threads: 1, labels: 1 } as const;
  const { config } = draws[modelType]!(generator(5, modelType));
  const { max_position_embeddings: _, ...without } = config;
  for (const one of [config, without]) {
    await using model = await NativeModel.load({ ...spec, config: one });
    expect(Math.min(positionsOf(one), 2 ** 20)).toBe(Math.min(model.info.maxLength, 2 ** 20)); // more is no limit
  }
});
