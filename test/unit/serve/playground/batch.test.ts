// Many texts of the page: how they are divided, repeated and given up.
import { describe, expect, it } from "vitest";
import { type Predict, predictRows } from "../../../../playground/batch.js";
import { Failure } from "../../../../playground/failure.js";

const model = { id: "m", labels: ["a"], mostTexts: 4 };
const prediction = (text: string) => ({
  labels: [],
  scores: { a: text.length },
  tokens: { read: 1, cut: 0 },
});
const usual: Predict = async ({ texts }) => ({ predictions: texts.map(prediction) });

/** Runs over all texts; what was answered, and the sizes of the requests. */
async function run(
  texts: readonly string[],
  predict: Predict = usual,
  signal = new AbortController().signal,
) {
  const answers: unknown[] = texts.map(() => undefined);
  const sizes: number[] = [];
  const waited: string[] = [];
  const counting: Predict = (question, aborted) => {
    sizes.push(question.texts.length);
    return predict(question, aborted);
  };
  const events = {
    answered: (row: number, answer: unknown) => {
      expect(answers[row]).toBeUndefined();
      answers[row] = answer;
    },
    waiting: ({ kind }: Failure) => void waited.push(kind),
  };
  const done = predictRows(counting, model, texts, [...texts.keys()], events, signal);
  return { answers, sizes, waited, done };
}

const words = Array.from({ length: 11 }, (_, i) => "x".repeat(i));

describe("predictRows", () => {
  it("answers every row once, some texts at a time", async () => {
    const { answers, sizes, done } = await run(words);
    await done;
    expect(answers).toEqual(words.map(prediction));
    expect(sizes).toEqual([4, 4, 3]);
  });

  it("makes small requests of long texts", async () => {
    const { sizes, done } = await run(["x".repeat(150_000), "y".repeat(150_000), "z", "z"]);
    await done;
    expect(sizes).toEqual([1, 3]);
  });

  it.each(["refused", "model", "slow"] as const)("finds the one text that is %s", async (kind) => {
    const { answers, done } = await run(words, async (question, signal) => {
      if (question.texts.includes(words[6]!)) throw new Failure(kind, "no");
      return usual(question, signal);
    });
    await done;
    expect(answers[6]).toBeInstanceOf(Failure);
    expect(answers.filter((answer) => answer instanceof Failure)).toHaveLength(1);
    expect(answers).not.toContain(undefined);
  });

  it("has patience with a busy server without end, and with one that is away for a while", async () => {
    let busy = 20;
    const patient = await run(words, async (question, signal) => {
      if (busy-- > 0) throw new Failure("busy", "full", 1);
      return usual(question, signal);
    });
    await patient.done;
    expect(patient.answers).toEqual(words.map(prediction));
    expect(patient.waited).toHaveLength(20);

    const away = await run(words, async () => {
      throw new Failure("unreachable", "gone", 1);
    });
    await expect(away.done).rejects.toMatchObject({ kind: "unreachable" });
  });

  it("ends at a wrong key, and at once when it is stopped while it waits", async () => {
    const refused = await run(words, async () => {
      throw new Failure("key", "no key");
    });
    await expect(refused.done).rejects.toMatchObject({ kind: "key" });
    expect(refused.sizes.length).toBeLessThanOrEqual(2);

    const stop = new AbortController();
    const stopped = await run(
      words,
      async () => {
        setTimeout(() => stop.abort(new Error("stopped")));
        throw new Failure("busy", "full", 1_000_000);
      },
      stop.signal,
    );
    await expect(stopped.done).rejects.toThrow("stopped");
  });
});
