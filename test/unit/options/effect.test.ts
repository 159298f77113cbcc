// Options that would do nothing beside the others are refused where they were given, and nowhere else.
import { describe, expect, it } from "vitest";
import { Trainer, type TrainingOptions } from "../../../src/index.js";
import { tinyDataset, tinyRun } from "../training/tiny-run.js";

const validation = tinyDataset(20, 2);
const trainer = (options: object) => new Trainer(tinyRun(options as TrainingOptions));

describe("an option without an effect is refused", () => {
  it.each<[object, string]>([
    [{ maxWindows: 3 }, "option maxWindows is 3, which would have no effect: long texts are read in windows"],
    [{ windowPooling: "mean" }, "option windowPooling is 'mean'"],
    [{ focalGamma: 3 }, "option focalGamma is 3, which would have no effect: it is of the focal loss"],
    [{ loss: "focal", asymmetricMargin: 0.1 }, "option asymmetricMargin is 0.1"],
    [{ validation, validationSplit: 0.2 }, "the validation rows are a table of their own (--validation)"],
    [{ test: validation, testSplit: 0.2 }, "the test rows are a table of their own (--test)"],
    [{ validation, splitByText: true }, "no rows are held back from the training rows"],
    [{ splitFile: "s.csv", splitMethod: "combinations" }, "s.csv says which rows are held back"],
    [{ budget: 3 }, "option budget is 3, which would have no effect: the preset is plain"],
    [{ preset: "auto", budget: 3 }, "learningRate and epochs are given"],
    [{ preset: "auto", epochs: undefined, budget: 3, budgetSteps: 9 }, "budgetSteps is given, too"],
    [
      { dropout: false, headDropout: 0.3 },
      "option headDropout is 0.3, which would have no effect: dropout is off",
    ],
    [{ preset: "seed", splitFile: "s.csv", validationSplit: 0.3 }, "option validationSplit is 0.3"],
  ])("%j", (options, message) => {
    expect(() => trainer(options)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });
});

describe("an option is taken", () => {
  it.each<[string, object]>([
    [
      "that has an effect",
      { windowStride: 8, maxWindows: 3, windowPooling: "mean", loss: "focal", focalGamma: 1 },
    ],
    ["that is given as its default", { maxWindows: 0, windowPooling: "max", focalGamma: 2, validation }],
    ["that asks for nothing", { validation, validationSplit: 0, test: validation, testSplit: 0 }],
    ["of a part that is held back beside a table", { validation, testSplit: 0.1, splitByText: true }],
    ["that a preset brings", { preset: "seed", splitFile: "s.csv" }],
  ])("%s", (_, options) => {
    expect(() => trainer(options)).not.toThrow();
  });
});
