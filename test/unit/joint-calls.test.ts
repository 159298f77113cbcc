import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { fitGroup, JointCalls } from "../../src/joint-calls.js";
import type { TextBatch } from "../../src/text/batch.js";

/** Steps that note which texts go together; a text's two logits are its length and one more. */
function recordingSteps() {
  const groups: string[][] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const calls = new JointCalls({
    async encode(texts, signal) {
      groups.push([...texts]);
      signals.push(signal);
      await new Promise(setImmediate);
      if (texts.includes("unreadable")) throw new Error("what is that?");
      const lengths = Int32Array.from(texts, ({ length }) => length);
      const counts = {
        read: lengths,
        cut: lengths.map((length) => 2 * length),
        atLeast: new Uint8Array(texts.length),
      };
      return { ids: lengths, offsets: new Int32Array(), counts };
    },
    async compute({ ids }: TextBatch, signal) {
      // The shorter group is done sooner: answers must be in order nevertheless.
      for (let i = 0; i <= ids.length; i++) await new Promise(setImmediate);
      signal?.throwIfAborted();
      return Float32Array.from([...ids].flatMap((length) => [length, length + 1]));
    },
  });
  return { calls, groups, signals };
}

/** The logits of one call; its counts are checked here. */
async function scoreWith(
  calls: JointCalls,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { logits, counts } = await calls.score(texts, signal);
  const lengths = texts.map(({ length }) => length);
  expect([[...counts.read], [...counts.cut]]).toEqual([lengths, lengths.map((length) => 2 * length)]);
  return logits;
}

const textsOf = (count: number) => Array.from({ length: count }, (_, i) => "x".repeat(i % 50));

describe("calls that go together", () => {
  it("are those that came while the first was on its way, and each gets its own logits", async () => {
    const { calls, groups } = recordingSteps();
    const order: number[] = [];
    const texts = textsOf(200);
    const answers = await Promise.all(
      texts.map(async (text, i) => {
        const logits = await scoreWith(calls, [text, "abc"]);
        order.push(i);
        return [...logits];
      }),
    );
    expect(answers).toEqual(texts.map(({ length }) => [length, length + 1, 3, 4]));
    expect(order).toEqual([...order.keys()]);
    expect(groups.map(({ length }) => length)).toEqual([2, 64, 64, 64, 64, 64, 64, 14]);
  });

  it("have no more characters than one alone may have", async () => {
    const { calls, groups } = recordingSteps();
    const long = "x".repeat(2 ** 13);
    await Promise.all(["first", "a", long, "b", long, long].map((text) => scoreWith(calls, [text])));
    expect(groups).toEqual([["first"], ["a", long, "b"], [long, long]]);
    expect(fitGroup([long, long])).toBe(true);
    expect([[], [long, long, "a"], textsOf(65)].map(fitGroup)).toEqual([false, false, false]);
  });

  it("fail alone: only the one that is to blame is rejected", async () => {
    const { calls } = recordingSteps();
    const texts = ["first", "a", "unreadable", "bc"];
    const answers = await Promise.allSettled(texts.map((text) => scoreWith(calls, [text])));
    expect(answers).toMatchObject([
      { value: new Float32Array([5, 6]) },
      { value: new Float32Array([1, 2]) },
      { reason: { message: "what is that?" } },
      { value: new Float32Array([2, 3]) },
    ]);
    expect(await scoreWith(calls, ["later"])).toEqual(new Float32Array([5, 6]));
  });
});

describe("a call's signal", () => {
  it("ends that call at once, and the others go on", async () => {
    const { calls, groups, signals } = recordingSteps();
    const controllers = Array.from({ length: 4 }, () => new AbortController());
    const [first, one, other, waiting] = controllers.map(({ signal }, i) =>
      scoreWith(calls, ["x".repeat(i)], signal),
    );
    controllers[3]!.abort("no longer wanted"); // before it is in a group
    await expect(waiting).rejects.toBe("no longer wanted");
    await first;
    controllers[1]!.abort("nor this");
    await expect(one).rejects.toBe("nor this");
    expect(await other).toEqual(new Float32Array([2, 3]));
    expect(groups).toEqual([[""], ["x", "xx"]]);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false, false]);
    for (const { signal } of controllers) expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("ends the work of a group that nobody waits for", async () => {
    const { calls, signals } = recordingSteps();
    const [first, ...others] = Array.from({ length: 3 }, () => new AbortController());
    const answer = scoreWith(calls, ["first"], first!.signal);
    const answers = Promise.allSettled(others.map(({ signal }) => scoreWith(calls, ["a"], signal)));
    await answer;
    others[0]!.abort("one");
    expect(signals[1]!.aborted).toBe(false);
    others[1]!.abort("two");
    expect(signals[1]!.aborted).toBe(true);
    expect(await answers).toMatchObject([{ reason: "one" }, { reason: "two" }]);
    expect(await scoreWith(calls, ["later"])).toEqual(new Float32Array([5, 6]));
  });

  it("is not listened to when it was given before", async () => {
    const { calls, groups } = recordingSteps();
    await expect(scoreWith(calls, ["a"], AbortSignal.abort("before"))).rejects.toBe("before");
    expect(groups).toEqual([]);
  });
});
