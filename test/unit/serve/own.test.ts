// Our own protocol.
import { expect, it } from "vitest";
import { post, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ maxClientBatch: 4 });
const texts = ["the parcel is here", "refund please", "", "hello \ud83d"];

it("answers what the classifier predicts, to the last bit", async () => {
  const answer = await post(`${tiny.server.url}/v1/predict`, { texts });
  expect(answer.status).toBe(200);
  const { model, thresholds, predictions, timings } = await answer.json();
  expect(model).toBe("tiny");
  expect(predictions).toEqual(await tiny.classifier.predict(texts));
  expect(Object.values(thresholds)).toEqual(tiny.classifier.thresholds);
  expect(Object.keys(thresholds)).toEqual(tiny.classifier.labels);
  expect(Object.keys(timings)).toEqual(["tokenizing", "waiting", "computing", "total"]);
});

it("takes one text, and explains a label", async () => {
  const [label] = tiny.classifier.labels;
  const answer = await post(`${tiny.server.url}/v1/predict`, {
    texts: texts[0],
    explain: label,
    model: "tiny",
  });
  const { predictions } = await answer.json();
  expect(predictions).toHaveLength(1);
  expect(predictions[0].explanation).toEqual(await tiny.classifier.explain(texts[0]!, { label: label! }));
});

it.each([
  [{ text: "a" }, 400, "invalid", /unknown|expected/],
  [{ texts: [1] }, 400, "invalid", /`texts`: expected/],
  [{ texts: [] }, 400, "invalid", "`texts` has no text"],
  [
    { texts: ["a", "b", "c", "d", "e"] },
    422,
    "too_many_texts",
    "batch size 5 > maximum allowed batch size 4",
  ],
  [
    { texts: "a", model: "tyni" },
    404,
    "not_found",
    'there is no model "tyni" among "tiny"; did you mean "tiny"?',
  ],
  [{ texts: "a", explain: "monye" }, 400, "invalid", 'the model has no label "monye"; did you mean "money"?'],
  [
    { texts: "a ".repeat(50), truncate: false },
    422,
    "too_long",
    /^text 0 has 52 tokens, and the model reads 32/,
  ],
  ["{", 400, "bad_json", "the body is not JSON"],
])("refuses %j", async (body, status, code, message) => {
  const answer = await post(`${tiny.server.url}/v1/predict`, body);
  const { error } = await answer.json();
  expect({ status: answer.status, code: error.code }).toEqual({ status, code });
  expect(error.message).toMatch(message);
});
