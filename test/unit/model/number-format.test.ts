// Python tells 2.0 from 2, and so does transformers 5 when it reads a configuration.
import { expect, it } from "vitest";
import { formatJson, rememberFloats } from "../../../src/model/number-format.js";

const again = (text: string, change: object = {}) =>
  formatJson({ ...rememberFloats(JSON.parse(text), text), ...change });

it("writes floats as floats and whole numbers as whole numbers", () => {
  const text = '{\n  "cutoff": 2.0,\n  "size": 2,\n  "rate": 0.1,\n  "theta": 1e4\n}';
  expect(again(text)).toBe('{\n  "cutoff": 2.0,\n  "size": 2,\n  "rate": 0.1,\n  "theta": 10000.0\n}');
});

it("knows numbers in objects, and takes nothing inside of a text for one", () => {
  const text = '{"note":"\\"size\\": 3.0","rope":{"theta":-5.0},"size":3,"last":0.0}';
  const written = again(text, { added: 1 });
  expect(JSON.parse(written)).toEqual({ ...JSON.parse(text), added: 1 });
  expect(written).toContain('"theta": -5.0');
  expect(written).toContain('"size": 3,');
  expect(written).toContain('"last": 0.0,');
  expect(written).toContain('"added": 1\n');
});
