// The line of each architecture in native/models/registry.cc is true of its network: its names, and the layer whose rows are
// the labels, which is replaced for other labels.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { architectures } from "../../src/model/architectures.js";
import { readSafetensors } from "../../src/model/safetensors.js";
import { NativeModel } from "../../src/native/model.js";
import { temporaryFolder } from "../parity/models.js";
import { draws } from "../parity/random-configs.js";

describe.each([...architectures()])("the names of %s", (modelType, architecture) => {
  const { classifierClass, base, embeddings, outputLayer } = architecture;
  const { config } = draws[modelType]!(generator(2, modelType));
  const spec = { config, seed: 1, precision: "fp32", threads: 1 } as const;
  const parts = [`${outputLayer}.weight`, `${outputLayer}.bias`];

  async function save(model: NativeModel) {
    const file = join(temporaryFolder(), "model.safetensors");
    await model.save(file);
    return readSafetensors(file);
  }

  it("are those of its tensors, and the base may be left out", async () => {
    await using source = await NativeModel.load({ ...spec, labels: 3, tensors: [] });
    const tensors = await save(source);
    expect(tensors.map(({ name }) => name)).toContain(`${base}.${embeddings}`);
    const within = tensors.filter(({ name }) => name.startsWith(`${base}.`));
    const alone = within.map((tensor) => ({ ...tensor, name: tensor.name.slice(base.length + 1) }));
    await using pretrained = await NativeModel.load({ ...spec, labels: 3, tensors: alone });
    const rest = tensors.map(({ name }) => name).filter((name) => !name.startsWith(`${base}.`));
    expect([...pretrained.info.initialised].sort()).toEqual(rest.sort());
  });

  it("are those of its head, which begins anew for other labels, and nothing else does", async () => {
    await using source = await NativeModel.load({ ...spec, labels: 3, tensors: [] });
    expect(source.info).toMatchObject({ classifierClass, hasHead: false });
    const tensors = await save(source);

    await using same = await NativeModel.load({ ...spec, labels: 3, tensors });
    expect(same.info).toMatchObject({ hasHead: true, initialised: [] });

    await expect(NativeModel.load({ ...spec, labels: 5, tensors })).rejects.toThrow(
      `${outputLayer}.weight has shape`,
    );
    await using other = await NativeModel.load({ ...spec, labels: 5, tensors, freshHead: true });
    expect(other.info.hasHead).toBe(true);
    expect([...other.info.initialised].sort()).toEqual([...parts].sort());
  });

  it("are those of its head, which is missing in the files of a pretrained network", async () => {
    await using source = await NativeModel.load({ ...spec, labels: 3, tensors: [] });
    const tensors = (await save(source)).filter(({ name }) => !parts.includes(name));
    await using pretrained = await NativeModel.load({ ...spec, labels: 5, tensors });
    expect(pretrained.info).toMatchObject({ hasHead: false });
    expect([...pretrained.info.initialised].sort()).toEqual([...parts].sort());
  });
});
