// Classifier.explain on a trained model, whose labels hang on one word each.
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { explanationPage } from "../../../src/report/explanation-page.js";
import { errorOf, finish, tinyDataset, tinyRun } from "./tiny-run.js";

const text = "hello 😀 the Parcel is very very PARCEL again";
let classifier: Classifier;
beforeAll(async () => {
  classifier = await Classifier.load((await finish(tinyRun())).end.directory, { threads: 1 });
  return () => classifier.dispose();
});

describe("an explanation", () => {
  it("sums to the difference between the logits of the text and of the text with all words hidden", async () => {
    for (const label of classifier.labels) {
      const explanation = await classifier.explain(text, { label });
      const sum = explanation.tokens.reduce((total, { contribution }) => total + contribution, 0);
      expect(Math.abs(sum - (explanation.logit - explanation.baselineLogit))).toBeLessThan(1e-3);
      const place = classifier.labels.indexOf(label);
      expect(explanation.logit).toBeCloseTo((await classifier.logits([text]))[place]!, 4);
      const words = text.split(" ").length;
      const hidden = await classifier.logits([Array(words).fill("[MASK]").join(" ")]);
      expect(explanation.baselineLogit).toBeCloseTo(hidden[place]!, 4);
      expect(explanation).toMatchObject({ label, text, baseline: "[MASK]", cut: 0 });
      expect(explanation.probability).toBeCloseTo(1 / (1 + Math.exp(-explanation.logit)), 5);
    }
  });

  it("finds the word that the label hangs on, and its place in the text", async () => {
    const { tokens } = await classifier.explain(text, { label: "delivery" });
    const strongest = [...tokens].sort((a, b) => b.contribution - a.contribution).slice(0, 2);
    expect(strongest.map(({ start, end }) => text.slice(start, end)).sort()).toEqual(["PARCEL", "Parcel"]);
    expect(tokens.map(({ start, end }) => text.slice(start, end))).toEqual(["", ...text.split(" "), ""]);
    expect(tokens.at(0)).toMatchObject({ token: "[CLS]", contribution: 0 });
    expect(tokens.at(2)).toMatchObject({ token: "[UNK]", start: 6, end: 8 });
  });

  it("is of the most probable label when none is named", async () => {
    const { label, probability } = await classifier.explain(text);
    const { scores } = await classifier.predict(text);
    expect(label).toBe("delivery");
    expect(probability).toBeCloseTo(Math.max(...Object.values(scores)), 5);
  });

  it("compares with another token when one is given, and says when the text was cut", async () => {
    const explanation = await classifier.explain("the ".repeat(200), { baseline: "hello", label: "money" });
    expect(explanation).toMatchObject({ baseline: "hello", cut: 202 - classifier.maxLength });
    expect(explanation.tokens).toHaveLength(classifier.maxLength);
    expect((await classifier.explain("", { label: "money" })).tokens).toHaveLength(2);
  });

  it("is refused for an unknown label, token or option", async () => {
    const misspelt = await errorOf(() => classifier.explain(text, { label: "delivry" }));
    expect(misspelt).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("delivery") });
    const unknown = await errorOf(() => classifier.explain(text, { baseline: "nothing" }));
    expect(unknown.message).toContain('no token "nothing"');
    await expect(classifier.explain(text, { tolerance: 0 })).rejects.toThrow(/tolerance/);
    await expect(classifier.explain(5 as never)).rejects.toMatchObject({ code: "INVALID_DATA" });
  });

  it("stops waiting when its signal is given", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(classifier.explain(text, { signal })).rejects.toThrow("enough");
  });
});

describe("the probability of an explanation", () => {
  const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));
  // Its words are in the first and in the last window.
  const long = `my parcel ${"hello thanks very ".repeat(9)}the login refund`;

  it("is that of the logit that is explained, with temperatures too", async () => {
    const tuning = { temperature: "global", folds: 0, shrinkage: 0 } as const;
    const { directory } = (await finish(tinyRun({ epochs: 2 }))).end;
    await using tuned = await Classifier.load(directory, { threads: 1 });
    await tuned.tune(tinyDataset(60, 5), tuning);
    const place = tuned.labels.indexOf("delivery");
    const temperature = tuned.temperatures[place]!;
    expect(Math.abs(temperature - 1)).toBeGreaterThan(0.01);
    const explanation = await tuned.explain(text, { label: "delivery" });
    expect(explanation.temperature).toBe(temperature);
    expect(explanation.probability).toBe(sigmoid(explanation.logit / temperature));
    expect(explanation.probability).toBeCloseTo((await tuned.predict(text)).scores.delivery!, 5);
  });

  it.each(["max", "mean"] as const)(
    "is that of the whole text, read in windows (%s)",
    async (windowPooling) => {
      const { directory } = (await finish(tinyRun({ epochs: 2 }))).end;
      const reading = { maxLength: 10, windowStride: 6, windowPooling, threads: 1 };
      await using windows = await Classifier.load(directory, reading);
      for (const label of windows.labels) {
        const explanation = await windows.explain(long, { label });
        expect(explanation.windows).toBe(5);
        expect(explanation.cut).toBe(0);
        const [whole] = [await windows.predict(long)];
        expect(explanation.probability).toBeCloseTo(whole.scores[label]!, 4);
        expect(explanation.probability).toBe(sigmoid(explanation.logit));
        const sum = explanation.tokens.reduce((total, { contribution }) => total + contribution, 0);
        expect(Math.abs(sum - (explanation.logit - explanation.baselineLogit))).toBeLessThan(1e-3);
        if (windowPooling === "mean") {
          expect(explanation.window).toBeNull();
          expect(explanation.tokens.map(({ start, end }) => long.slice(start, end)).filter(Boolean)).toEqual(
            long.split(" "),
          );
        } else {
          expect(explanation.tokens).toHaveLength(10);
          const first = explanation.tokens[1]!.start;
          expect(explanation.window === 1).toBe(first === 0);
        }
      }
      const { tokens, window } = await windows.explain(long, { label: "access" });
      const strongest = tokens.reduce((best, token) =>
        token.contribution > best.contribution ? token : best,
      );
      expect(long.slice(strongest.start, strongest.end)).toBe("login");
      expect(window).toBe(windowPooling === "max" ? 5 : null);
      const page = explanationPage(await windows.explain(long, { label: "access" }), "m");
      expect(page).toContain("The text was read in 5 windows.");
      expect(/<p class="explained">(.*?)<\/p>/s.exec(page)![1]!.replace(/<[^>]*>/g, "")).toBe(long);
    },
  );
});
