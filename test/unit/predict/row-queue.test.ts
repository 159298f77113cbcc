import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { TagformerError } from "../../../src/base/errors.js";
import { RowQueue } from "../../../src/predict/row-queue.js";
import { Ticket } from "../../../src/predict/ticket.js";
import { fakeModel, rowsOf, turn } from "./fake-model.js";

function queueOf(device?: string, maxTokens?: number) {
  const fake = fakeModel(device);
  const queue = new RowQueue(fake.model, maxTokens);
  const tickets: Ticket[] = [];
  /** Adds rows for a caller of their own. */
  const add = (rows: Parameters<RowQueue["add"]>[0], canLeave = false) => {
    const ticket = new Ticket(canLeave);
    tickets.push(ticket);
    return queue.add(rows, ticket);
  };
  return { ...fake, queue, tickets, add };
}

describe("a batch", () => {
  it("has at most 1,024 tokens and 256 rows, a longer row its own, and the longest rows come first", async () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 1500 })), {
      minLength: 1,
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(lengths, async (all) => {
        const { add, calls, answerAll } = queueOf();
        const offsets = new Int32Array(all.length + 1);
        for (const [i, length] of all.entries()) offsets[i + 1] = offsets[i]! + length;
        const ids = new Int32Array(offsets.at(-1)!);
        for (let row = 0; row < all.length; row++) ids.fill(row, offsets[row], offsets[row + 1]);
        const adding = add({ ids, offsets });
        await answerAll();
        expect([...(await adding)]).toEqual([...all.keys()]);
        const batches = calls.map(({ rows }) => rows.map(({ length }) => length));
        expect(batches.flat()).toEqual([...all].sort((a, b) => b - a));
        for (const batch of batches) {
          const tokens = batch.reduce((sum, length) => sum + length, 0);
          expect(batch.length <= 256 && (tokens <= 1024 || batch.length === 1)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("has many more tokens on a GPU", async () => {
    const { add, calls } = queueOf("cuda:0");
    void add(rowsOf(8, 4000));
    await turn();
    expect(calls.map(({ rows }) => rows.length)).toEqual([8]);
  });

  it("has as many tokens as are asked for", async () => {
    const { add, calls, answerAll } = queueOf("cpu", 30);
    void add(rowsOf(5, 10));
    await answerAll();
    expect(calls.map(({ rows }) => rows.length)).toEqual([3, 2]);
  });

  it.each([
    ["cpu", 0],
    ["cuda:0", 4],
  ])("is counted, with its padding on %s", async (device, padding) => {
    const { add, queue, answerAll } = queueOf(device);
    void add(rowsOf(2, 5));
    void add(rowsOf(2, 3));
    expect(queue.totals).toEqual({ batches: 0, rows: 0, tokens: 0, padding: 0 });
    await answerAll();
    expect(queue.totals).toEqual({ batches: 1, rows: 4, tokens: 16, padding });
    void add(rowsOf(1, 9));
    await answerAll(1);
    expect(queue.totals).toEqual({ batches: 2, rows: 5, tokens: 25, padding });
  });

  it("takes the rows of all callers that came meanwhile", async () => {
    const { add, calls, answerAll } = queueOf();
    const first = add(rowsOf(1, 5));
    await turn();
    const second = add(rowsOf(1, 5, 10));
    await turn();
    const others = Array.from({ length: 100 }, (_, i) => add(rowsOf(1, 5, 20 + i)));
    await answerAll();
    expect(calls.map(({ rows }) => rows.length)).toEqual([1, 1, 100]);
    const answers = await Promise.all([first, second, ...others]);
    expect(answers.map(([value]) => value)).toEqual([0, 10, ...others.map((_, i) => 20 + i)]);
  });

  it("is never made while two are at the model", async () => {
    const { add, calls } = queueOf();
    void add(rowsOf(40, 1000));
    for (let answered = 0; answered < 40; answered++) {
      await turn();
      expect(calls.length - answered).toBeLessThanOrEqual(2);
      calls[answered]!.answer();
    }
  });

  it("of no rows is not made", async () => {
    const { add, calls } = queueOf();
    expect(await add(rowsOf(0, 1))).toHaveLength(0);
    await turn();
    expect(calls).toEqual([]);
  });
});

describe("turns", () => {
  it.each([0, 1, 7, 40])(
    "a small call beside a large one is answered within three batches, after %i of it",
    async (before) => {
      const { add, calls } = queueOf();
      void add(rowsOf(1000, 500));
      await turn();
      for (let i = 0; i < before; i++) {
        calls[i]!.answer();
        await turn();
      }
      const answered = vi.fn();
      void add(rowsOf(1, 10, 5000)).then(answered);
      let batches = before;
      for (await turn(); answered.mock.calls.length === 0; await turn()) calls[batches++]!.answer();
      expect(batches - before).toBeLessThanOrEqual(3);
    },
  );

  it("a small call beside many large ones is answered as soon", async () => {
    const { add, calls } = queueOf();
    for (let i = 0; i < 30; i++) void add(rowsOf(300, 500));
    let batches = 0;
    for (; batches < 100; batches++) {
      await turn();
      calls[batches]!.answer();
    }
    await turn();
    const answered = vi.fn();
    void add(rowsOf(1, 10, 5000)).then(answered);
    for (await turn(); answered.mock.calls.length === 0; await turn()) calls[batches++]!.answer();
    expect(batches - 100).toBeLessThanOrEqual(3);
  });

  it("a large call is not starved by small ones that never end", async () => {
    const { add, calls } = queueOf();
    const done = vi.fn();
    void add(rowsOf(20, 1000)).then(done);
    let batches = 0;
    for (; done.mock.calls.length === 0 && batches < 200; batches++) {
      for (let i = 0; i < 30; i++) void add(rowsOf(1, 100, 5000));
      await turn();
      calls[batches]!.answer();
      await turn();
    }
    expect(batches).toBeLessThan(100);
  });

  it("calls of the same size are answered in the order in which they were made", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 170 }),
        async (rows, length) => {
          const { add, answerAll } = queueOf();
          const order: number[] = [];
          for (let i = 0; i < 40; i++) void add(rowsOf(rows, length)).then(() => order.push(i));
          await answerAll();
          expect(order).toEqual([...Array(40).keys()]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe("a batch that fails", () => {
  it("is computed caller by caller: only the one to blame is rejected", async () => {
    const { add, calls, answerAll, queue } = queueOf();
    const first = add(rowsOf(1, 5));
    await turn();
    const second = add(rowsOf(1, 5));
    await turn();
    const answers = [1, 2, 3].map((i) => add(rowsOf(2, 5, 10 * i)));
    const outcomes = Promise.allSettled([first, second, ...answers]);
    calls[0]!.answer();
    calls[1]!.answer();
    await turn();
    expect(calls[2]!.rows).toHaveLength(6);
    calls[2]!.reject(new Error("out of memory"));
    await turn();
    for (let i = 3; i < calls.length; i++) {
      const call = calls[i]!;
      if (call.rows[0]![0] === 20) call.reject(new Error("still out of memory"));
      else call.answer();
      await turn();
    }
    expect(calls.slice(3).map(({ rows }) => rows.map(([token]) => token))).toEqual([
      [10, 11],
      [20, 21],
      [30, 31],
    ]);
    expect(await outcomes).toMatchObject([
      { value: Float32Array.of(0) },
      { value: Float32Array.of(0) },
      { value: Float32Array.of(10, 11) },
      { reason: { message: "still out of memory" } },
      { value: Float32Array.of(30, 31) },
    ]);
    expect(queue.size).toEqual({ rows: 0, tokens: 0 });
    const later = add(rowsOf(1, 5, 7));
    await answerAll(6);
    expect(await later).toEqual(Float32Array.of(7));
  });

  it("takes the rest of its caller's rows out of the queue", async () => {
    const { add, calls, queue } = queueOf();
    const large = add(rowsOf(100, 1000));
    large.catch(() => {});
    await turn();
    calls[0]!.answer();
    calls[1]!.reject(new Error("broken"));
    await expect(large).rejects.toThrow("broken");
    calls[2]!.answer();
    await turn();
    expect(calls).toHaveLength(3);
    expect(queue.size).toEqual({ rows: 0, tokens: 0 });
  });

  it("of a model that was disposed of is not tried again", async () => {
    const { add, calls } = queueOf();
    const answers = Promise.allSettled([add(rowsOf(1, 5)), add(rowsOf(1, 5))]);
    await turn();
    calls[0]!.reject(new TagformerError("DISPOSED", "gone"));
    expect(await answers).toMatchObject([{ reason: { code: "DISPOSED" } }, { reason: { code: "DISPOSED" } }]);
    await turn();
    expect(calls).toHaveLength(1);
  });

  it("fails for a caller whose progress function throws, and for no other", async () => {
    const { queue, add, answerAll } = queueOf();
    const bad = queue.add(rowsOf(1, 5), new Ticket(false), () => {
      throw new Error("mine");
    });
    const good = add(rowsOf(1, 5, 3));
    const outcome = expect(bad).rejects.toThrow("mine");
    await answerAll();
    await outcome;
    expect(await good).toEqual(Float32Array.of(3));
  });
});

describe("a caller that leaves", () => {
  it("takes its rows along; a batch that was for such callers alone is stopped", async () => {
    const { add, calls, tickets, queue, answerAll } = queueOf();
    const [one, other] = [add(rowsOf(1, 10), true), add(rowsOf(1, 10), true)];
    const outcomes = Promise.allSettled([one, other]);
    await turn();
    const waiting = add(rowsOf(3, 1000), true);
    const stays = add(rowsOf(1, 10, 9));
    waiting.catch(() => {});
    await turn();
    expect(queue.size).toEqual({ rows: 6, tokens: 3030 });
    queue.leave(tickets[2]!, "no longer wanted");
    await expect(waiting).rejects.toBe("no longer wanted");
    queue.leave(tickets[0]!, "nor this");
    expect(calls[0]!.signal?.aborted).toBe(false);
    queue.leave(tickets[1]!, "nor that");
    expect(calls[0]!.signal?.aborted).toBe(true);
    calls[0]!.reject(new Error("stopped"));
    await answerAll(1);
    expect(await stays).toEqual(Float32Array.of(9));
    expect(await outcomes).toMatchObject([{ reason: "nor this" }, { reason: "nor that" }]);
    expect(calls.flatMap(({ rows }) => rows.map(({ length }) => length))).toEqual([10, 10, 1000, 10]);
    expect(queue.size).toEqual({ rows: 0, tokens: 0 });
  });

  it("is not computed again when its batch failed", async () => {
    const { add, calls, tickets, queue, answerAll } = queueOf();
    const leaves = add(rowsOf(1, 10), true);
    const stays = add(rowsOf(1, 10, 3));
    const outcome = expect(leaves).rejects.toBe("gone");
    await turn();
    queue.leave(tickets[0]!, "gone");
    calls[0]!.reject(new Error("broken"));
    await answerAll(1);
    await outcome;
    expect(await stays).toEqual(Float32Array.of(3));
    expect(calls.slice(1).map(({ rows }) => rows.length)).toEqual([1]);
    expect(queue.size).toEqual({ rows: 0, tokens: 0 });
  });
});

describe("the size", () => {
  it("counts what waits and what is computed, and the age is that of the oldest call that waits", async () => {
    const { add, queue, calls, tickets, answerAll } = queueOf();
    expect([queue.size, queue.oldest]).toEqual([{ rows: 0, tokens: 0 }, undefined]);
    const answer = add(rowsOf(5, 1000));
    expect([queue.size, queue.oldest]).toEqual([{ rows: 5, tokens: 5000 }, tickets[0]!.since]);
    await turn();
    calls[0]!.answer();
    await turn();
    expect(queue.size).toEqual({ rows: 4, tokens: 4000 });
    expect(queue.tokensPerSecond).toBeGreaterThan(0);
    await answerAll(1);
    await answer;
    expect([queue.size, queue.oldest]).toEqual([{ rows: 0, tokens: 0 }, undefined]);
  });
});
