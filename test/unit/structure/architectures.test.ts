// src/model/architectures.ts says of each architecture what must be known before the add-on is loaded. It is held to the
// registry and the network, which native/models describes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findArchitecture } from "../../../src/model/architectures.js";

const models = join(import.meta.dirname, "../../../native/models");
const source = (name: string) => readFileSync(join(models, `${name}.cc`), "utf8");
const registered = [...source("registry").matchAll(/EACH\("([\w-]+)", "(\w+)", (\w+)\)/g)].map(
  ([, modelType, classStem, name]) => ({ modelType: modelType!, classStem: classStem!, name: name! }),
);

describe("src/model/architectures.ts", () => {
  it("is compared with a registry that was found", () => {
    expect(registered.length).toBeGreaterThan(5);
  });

  it.each(registered)("knows $modelType as the engine does", ({ modelType, classStem, name }) => {
    const found = findArchitecture(modelType);
    expect(found?.classifierClass).toBe(`${classStem}ForSequenceClassification`);
    expect(source(name)).toContain(`"${found!.outputLayer}"`);
    expect(source(name)).toContain(`"${found!.base}.`);
  });
});
