// Progress on stderr, where it is no terminal and where it is one.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProgressBar } from "../../../src/cli/progress.js";
import { TrainingDisplay } from "../../../src/cli/training-display.js";
import { evaluate } from "../../../src/evaluation/metrics.js";
import type { StartEvent, StepEvent } from "../../../src/training/events.js";

let written = "";
beforeEach(() => {
  written = "";
  vi.useFakeTimers({ toFake: ["performance", "Date", "setTimeout", "clearTimeout"] });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function pretendTerminal(isTTY: boolean): void {
  const before = Object.getOwnPropertyDescriptor(process.stderr, "isTTY");
  Object.defineProperty(process.stderr, "isTTY", { value: isTTY, configurable: true });
  onEnd = () => {
    if (before) Object.defineProperty(process.stderr, "isTTY", before);
    else Reflect.deleteProperty(process.stderr, "isTTY");
  };
}
let onEnd = () => {};
afterEach(() => onEnd());

describe("progress", () => {
  it("elsewhere than on a terminal is a line now and then", () => {
    pretendTerminal(false);
    const bar = new ProgressBar("epoch 1/3", 200);
    for (let done = 10; done <= 100; done += 10) {
      vi.advanceTimersByTime(2500);
      bar.update(done, "4 rows/s");
    }
    bar.stop();
    expect(written).toBe("epoch 1/3 25%  38 s left  4 rows/s\nepoch 1/3 50%  25 s left  4 rows/s\n");
    expect(bar.rate).toBeCloseTo(4, 6);
  });

  it("on a terminal is a bar, which never hides the cursor", () => {
    pretendTerminal(true);
    const bar = new ProgressBar("epoch 1/3", 200);
    vi.advanceTimersByTime(25_000);
    bar.update(100, "4 rows/s");
    bar.stop();
    expect(written).toContain("epoch 1/3");
    expect(written).toContain("50%  25 s left  4 rows/s");
    expect(written).not.toContain("\x1b[?25l");
    expect(written.endsWith("\n")).toBe(true);
  });
});

const start: StartEvent = {
  type: "start",
  trainingRows: 100,
  validationRows: 20,
  testRows: 0,
  objective: "focal loss",
  labels: ["a", "b"],
  epochs: 2,
  steps: 20,
  choices: [],
  repeatWith: null,
  parameters: 1_234_567,
  initialised: [],
  ignored: [],
  headReset: true,
  device: "cpu",
  notes: [],
  maxLength: 64,
  truncatedTexts: 3,
  cutTexts: 3,
  windowStride: 0,
};
const step = (number: number, loss: number): StepEvent => ({
  type: "step",
  epoch: 1,
  step: number,
  loss,
  learningRate: 1e-3,
  gradientNorm: 1,
  rows: 10,
  tokens: 80,
  extraParts: 0,
  rowsPerSecond: 1,
  tokensPerSecond: 8,
  secondsLeft: 80,
});

describe("the display of a run", () => {
  it("says once that memory was short", () => {
    pretendTerminal(false);
    const display = new TrainingDisplay();
    display.show(start);
    written = "";
    for (const number of [3, 4]) display.show({ ...step(number, 0.7), extraParts: 2 });
    expect(written.match(/memory was short: step 3 was computed in 2 more parts/g)).toHaveLength(1);
    expect(written).not.toContain("step 4");
  });

  it("says what begins, how fast it goes and how each epoch ended", () => {
    pretendTerminal(false);
    const display = new TrainingDisplay();
    display.show(start);
    expect(written).toBe(
      "100 rows to train on, 20 to validate on, 2 labels: a, b\n" +
        "1.2 million weights, 20 steps in 2 epochs, texts of up to 64 tokens (3 were longer and are cut)\n" +
        "the model's head was made for other labels; a fresh one replaces it\n",
    );
    written = "";
    display.show(step(1, 0.8));
    vi.advanceTimersByTime(20_000);
    display.show(step(2, 0.4));
    expect(written).toBe("epoch 1/2 20%  1:20 min left  1 rows/s  8 tokens/s  loss 0.7800\n");
    written = "";
    const predicted = {
      type: "validation",
      epoch: 1,
      totalRows: 20,
      rowsPerSecond: 3.4,
      secondsLeft: 100,
    } as const;
    display.show({ ...predicted, rows: 5 });
    vi.advanceTimersByTime(20_000);
    display.show({ ...predicted, rows: 10 });
    expect(written).toBe("epoch 1 validation 50%  1:40 min left  3 rows/s\n");
    written = "";
    const validation = evaluate({ logits: Float32Array.of(9, -9) }, Float32Array.of(1, 0), ["a", "b"]);
    const figures = { validation, objective: 0.02 };
    display.show({
      type: "epoch",
      epoch: 1,
      trainingLoss: 0.6,
      ...figures,
      best: true,
      kept: true,
      seconds: 41,
    });
    display.show({ type: "epoch", epoch: 2, trainingLoss: 0.5, best: false, kept: true, seconds: 65 });
    expect(written).toBe(
      "epoch 1: training focal loss 0.6000; validation: focal loss 0.0200, cross-entropy 0.0001, micro-F1 1.0000, subset accuracy 1.0000 (best so far, kept), 41 s\n" +
        "epoch 2: training focal loss 0.5000 (kept), 1:05 min\n",
    );
  });

  it("ends the bar of a run that fails, so that the message stands on a line of its own", () => {
    pretendTerminal(true);
    const display = new TrainingDisplay();
    display.show(start);
    display.show(step(1, 0.8));
    expect(written.endsWith("\n")).toBe(false);
    display.close();
    expect(written.endsWith("\n")).toBe(true);
  });
});
