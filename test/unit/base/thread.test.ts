import { describe, expect, it } from "vitest";
import { onThreadEnd, resultOf, runThread, startThread } from "../../../src/base/thread.js";
import type { JobRequest } from "../../../src/evaluation/evaluation-thread.js";
import type { JobResults } from "../../../src/evaluation/jobs.js";
import { errorOf } from "../training/tiny-run.js";

const labels = Float32Array.of(1, 0, 0, 1);
const judge = (logits: Float32Array): JobRequest => ({
  name: "judge",
  parameters: [logits, labels, ["a", "b"], { temperatures: [1, 1], thresholds: [0.5, 0.5] }],
});
const judged = judge(Float32Array.of(2, -1, -2, 1));
const job = (workerData: unknown, file = "evaluation-thread") => ({ file, title: "the thread", workerData });

describe("runThread", () => {
  it("gives the result of the thread's work", async () => {
    const { metrics } = await runThread<JobResults["judge"]>(job(judged));
    expect(metrics.micro.f1).toBe(1);
  });

  it("throws what the work throws, with its code", async () => {
    expect(await errorOf(() => runThread(job(judge(new Float32Array(2)))))).toMatchObject({
      code: "INVALID_DATA",
    });
  });

  it("gives an error without a code its stack", async () => {
    const error = await errorOf(() => runThread(job({ name: "none", parameters: [] })));
    expect(error).toMatchObject({ code: "INTERNAL", message: "job is not a function" });
    expect(String(error.cause)).toContain("evaluation-thread");
  });

  it("throws when the thread ends without a reply", async () => {
    const error = await errorOf(() => runThread(job(null, "no-such-thread")));
    expect(error).toMatchObject({ code: "INTERNAL" });
    expect(error.message).toMatch(/^the thread ended \(Cannot find module/);
  });

  it("ends with its signal, before it starts and while it runs", async () => {
    await expect(runThread({ ...job(judged), signal: AbortSignal.abort("before") })).rejects.toBe("before");
    const controller = new AbortController();
    const running = runThread({ ...job(judged), signal: controller.signal });
    controller.abort("while");
    await expect(running).rejects.toBe("while");
  });

  it("supplies a thread that asks for more, and throws what the supply throws", async () => {
    const page = { kind: "run", facts: {}, tables: [] };
    const supply = () => {
      throw new Error("nothing more");
    };
    await expect(runThread({ ...job(page, "page-thread"), supply })).rejects.toThrow("nothing more");
  });
});

describe("onThreadEnd", () => {
  it("tells of a thread that was ended", async () => {
    const worker = startThread("evaluation-thread", judged);
    const ended = new Promise<Error>((resolve) => onThreadEnd(worker, "the thread", resolve));
    await worker.terminate();
    expect((await ended).message).toMatch(/^the thread ended \(exit code \d\)$/);
  });
});

describe("resultOf", () => {
  it("is the result, or throws the error that was sent in parts", async () => {
    expect(resultOf({ result: 7 })).toBe(7);
    const failure = { code: "IO", message: "gone", cause: "Error: gone" } as const;
    expect(await errorOf(() => resultOf({ failure }))).toMatchObject(failure);
  });
});
