// What only ModernBERT has: older names of its fields, and initial weights without outliers.
import { expect, it } from "vitest";
import { NativeModel } from "../../src/native/model.js";
import { testDevice } from "../test-device.js";
import { randomBatch } from "./models.js";
import { releasedModernBert } from "./released-modernbert.js";

const released = { ...releasedModernBert, num_labels: 6 };

it("reads the older names of the same fields", async () => {
  const batch = randomBatch([1, 65, 130], { vocabulary: 280, labels: 6, seed: 1 });
  const logitsOf = async (fields: Record<string, unknown>) => {
    const spec = {
      tensors: [],
      labels: 6,
      seed: 5,
      precision: "fp32",
      threads: 1,
      device: testDevice,
    } as const;
    await using model = await NativeModel.load({ ...spec, config: { ...released, ...fields } });
    return await model.predict(batch);
  };
  const older = await logitsOf({ global_rope_theta: 500, local_rope_theta: 100, initializer_range: 0.5 });
  const newer = await logitsOf({
    initializer_range: 0.5,
    rope_parameters: { full_attention: { rope_theta: 500 }, sliding_attention: { rope_theta: 100 } },
    layer_types: [0, 1, 2, 3, 4].map((i) => (i % 3 === 0 ? "full_attention" : "sliding_attention")),
  });
  expect(newer).toEqual(older);
  expect(await logitsOf({ initializer_range: 0.5 })).not.toEqual(older);
});

it("starts from weights that are nowhere beyond initializer_cutoff_factor deviations", async () => {
  const config = { ...released, initializer_range: 0.1, initializer_cutoff_factor: 1.5 };
  await using model = await NativeModel.load({
    ...{ config, labels: 6, tensors: [], seed: 1, precision: "fp32", threads: 1, device: testDevice },
  });
  const largest = async (name: string) =>
    (await model.parameter(name)).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const inside = await largest("model.layers.1.mlp.Wi.weight");
  expect(inside).toBeLessThanOrEqual(0.15);
  expect(inside).toBeGreaterThan(0.149);
  expect(await largest("model.layers.1.mlp.Wo.weight")).toBeLessThanOrEqual(0.15 / Math.sqrt(10));
  expect(await largest("classifier.weight")).toBeGreaterThan(0.15);
});
