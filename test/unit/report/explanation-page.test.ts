// The page about a trained model, whose labels hang on one word each.
import { beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { explanationPage } from "../../../src/report/explanation-page.js";
import { finish, tinyRun } from "../training/tiny-run.js";

const text = "hello 😀 the Parcel is very very PARCEL again";
let classifier: Classifier;
beforeAll(async () => {
  classifier = await Classifier.load((await finish(tinyRun())).end.directory, { threads: 1 });
  return () => classifier.dispose();
});

describe("explanationPage", () => {
  it("has every character of the text once, coloured by its contribution", async () => {
    const explanation = await classifier.explain(text, { label: "delivery" });
    const page = explanationPage(explanation, "./model");
    const coloured = /<p class="explained">(.*?)<\/p>/s.exec(page)![1]!;
    expect(coloured.replace(/<[^>]*>/g, "")).toBe(text);
    const strengths = [...coloured.matchAll(/class="plus" style="--strength:([\d.]+)"[^>]*>([^<]*)/g)];
    const strongest = strengths.sort((a, b) => Number(b[1]) - Number(a[1]))[0]!;
    expect(strongest[1]).toBe("0.550");
    expect(strongest[2]!.toLowerCase()).toBe("parcel");
  });

  it("shows contributions with as many digits as they need", async () => {
    const explanation = await classifier.explain(text, { label: "delivery" });
    const shown = (factor: number) => {
      const tokens = explanation.tokens.map((token) => ({
        ...token,
        contribution: factor * token.contribution,
      }));
      const page = explanationPage({ ...explanation, tokens }, "./model");
      return [...page.matchAll(/<\/th><td>([+\u2212][\d.]+)<\/td>/g)].map(([, value]) =>
        Number(value!.replace("\u2212", "-")),
      );
    };
    for (const factor of [1, 1e-2, 1e-4, 0]) {
      const values = shown(factor);
      const largest = Math.max(...values.map(Math.abs));
      expect(values).toHaveLength(explanation.tokens.length);
      for (const [i, { contribution }] of explanation.tokens.entries()) {
        expect(Math.abs(values[i]! - factor * contribution)).toBeLessThanOrEqual(largest / 10);
      }
    }
  });

  it("escapes texts and names", async () => {
    const explanation = await classifier.explain("<script>parcel</script> & 'x'", { label: "delivery" });
    const page = explanationPage({ ...explanation, label: '"><img src=x>' }, "<b>model</b>");
    expect(page).not.toMatch(/<script|<img|<b>model/);
    expect(page).toContain("&lt;b&gt;model&lt;/b&gt;");
  });
});
