import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { abortOnInterrupt, duration, exitStatus, printJson } from "../../../src/cli/terminal.js";

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [-3, "0 s"],
    [59.4, "59 s"],
    [59.6, "1:00 min"],
    [754, "12:34 min"],
    [3599.7, "1:00:00 h"],
    [3909, "1:05:09 h"],
    [360_000, "100:00:00 h"],
    [Number.POSITIVE_INFINITY, "?"],
    [Number.NaN, "?"],
  ])("of %d seconds is %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

it("the exit status tells wrong use from failure", () => {
  expect(exitStatus(new TagformerError("INVALID_OPTION", ""))).toBe(2);
  expect(exitStatus(new TagformerError("INVALID_DATA", ""))).toBe(1);
  expect(exitStatus(new Error())).toBe(1);
});

it("a result in JSON is one document", () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  printJson({ a: [1, null] });
  const written = write.mock.calls.join("");
  write.mockRestore();
  expect(JSON.parse(written)).toEqual({ a: [1, null] });
});

describe("Ctrl-C", () => {
  const handlers = new Map<string, () => void>();
  const exit = vi.fn();
  const notes = vi.fn(() => true);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["performance"] });
    vi.spyOn(process, "on").mockImplementation((event, handler) => {
      handlers.set(String(event), handler as () => void);
      return process;
    });
    vi.spyOn(process, "exit").mockImplementation(exit as never);
    vi.spyOn(process.stderr, "write").mockImplementation(notes);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    for (const mock of [exit, notes]) mock.mockClear();
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ])("(%s) aborts once, and ends the process when it comes again: status %i", (signal, status) => {
    const controller = new AbortController();
    const interruption = abortOnInterrupt(controller, () => "stopping after this step");
    const press = handlers.get(signal)!;
    expect(controller.signal.aborted).toBe(false);
    press();
    expect(controller.signal.aborted).toBe(true);
    expect(notes).toHaveBeenCalledOnce();
    press(); // npm's copy of the same press
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2000);
    press();
    expect(exit).toHaveBeenCalledExactlyOnceWith(status);
    expect(interruption.status).toBe(status);
    expect(notes).toHaveBeenCalledOnce();
  });
});
