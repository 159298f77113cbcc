// Our own protocol.
import { expect, it } from "vitest";
import type { Explanation } from "../../../src/predict/explanation.js";
import type { Prediction } from "../../../src/predict/prediction.js";
import { ask, tinyServer } from "./tiny-server.js";

interface Answer {
  readonly model: string;
  readonly thresholds: Readonly<Record<string, number>>;
  readonly predictions: readonly (Prediction & { readonly explanation?: Explanation })[];
  readonly timings: Readonly<Record<string, number>>;
  readonly error: { readonly code: string; readonly message: string };
}

const tiny = tinyServer({ maxClientBatch: 4 });
const texts = ["the parcel is here", "refund please", "", "hello \ud83d"];

const predict = (body: unknown) => ask<Answer>(`${tiny.server.url}/v1/predict`, body);

it("answers what the classifier predicts, to the last bit", async () => {
  const { status, body } = await predict({ texts });
  const { model, thresholds, predictions, timings } = body;
  expect(status).toBe(200);
  expect(model).toBe("tiny");
  expect(predictions).toEqual(await tiny.classifier.predict(texts));
  expect(Object.values(thresholds)).toEqual(tiny.classifier.thresholds);
  expect(Object.keys(thresholds)).toEqual(tiny.classifier.labels);
  expect(Object.keys(timings)).toEqual(["tokenizing", "waiting", "computing", "total"]);
});

it("takes one text, and explains a label", async () => {
  const [label] = tiny.classifier.labels;
  const { body } = await predict({ texts: texts[0], explain: label, model: "tiny" });
  expect(body.predictions).toHaveLength(1);
  expect(body.predictions[0]!.explanation).toEqual(
    await tiny.classifier.explain(texts[0]!, { label: label! }),
  );
});

it("reads a long text in windows, when told", async () => {
  const long = `${"hello ".repeat(60)}parcel`;
  const [cut, whole] = [await predict({ texts: long }), await predict({ texts: long, windows: true })];
  expect(cut.body.predictions[0]!.tokens.cut).toBeGreaterThan(0);
  expect(whole.body.predictions[0]!.tokens.cut).toBe(0);
  const { logits, probabilities } = await tiny.classifier.score(long, { windows: true });
  expect(logits).not.toEqual(await tiny.classifier.logits(long));
  expect(Object.values(whole.body.predictions[0]!.scores)).toEqual([...probabilities]);
});

it.each([
  [{ text: "a" }, 400, "invalid", /unknown|expected/],
  [{ texts: [1] }, 400, "invalid", /`texts`: expected/],
  [{ texts: [] }, 400, "invalid", "`texts` has no text"],
  [{ texts: [..."abcde"] }, 422, "too_many_texts", "batch size 5 > maximum allowed batch size 4"],
  [{ texts: "a", model: "tyni" }, 404, "not_found", 'no model "tyni" among "tiny"; did you mean "tiny"?'],
  [{ texts: "a", explain: "monye" }, 400, "invalid", 'the model has no label "monye"; did you mean "money"?'],
  [
    { texts: "a ".repeat(50), truncate: false },
    422,
    "too_long",
    /^text 0 has 52 tokens, and the model reads/,
  ],
  ["{", 400, "bad_json", "the body is not JSON"],
])("refuses %j", async (request, status, code, message) => {
  const answer = await predict(request);
  const { error } = answer.body;
  expect({ status: answer.status, code: error.code }).toEqual({ status, code });
  expect(error.message).toMatch(message);
});
