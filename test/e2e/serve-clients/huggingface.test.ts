// Hugging Face's JavaScript client. It reads lists in lists, and repeats 503 at once and without end: nothing here is 503.
import { InferenceClientProviderApiError, textClassification } from "@huggingface/inference";
import { describe, expect, it } from "vitest";
import { key, servers, text } from "./servers.js";

const started = servers();

const byScore = (scores: Readonly<Record<string, number>>) =>
  Object.entries(scores)
    .map(([label, score]) => ({ label, score }))
    .sort((a, b) => b.score - a.score);

describe("@huggingface/inference", () => {
  it.each(["/", "/models/tiny", "/pipeline/text-classification"])("classifies at %s", async (path) => {
    const endpointUrl = `${started.keyed.url}${path}`;
    const { scores } = await started.classifier.predict(text);
    const all = await textClassification({ accessToken: key, endpointUrl, inputs: text });
    expect(all).toEqual(byScore(scores));
    const best = await textClassification({
      accessToken: key,
      endpointUrl,
      inputs: text,
      parameters: { top_k: 1, function_to_apply: "sigmoid" },
    });
    expect(best).toEqual(byScore(scores).slice(0, 1));
  });

  it.each([
    { name: "a wrong key", server: "keyed", accessToken: "hf_wrong", status: 401, message: /key/ },
    { name: "a busy server", server: "busy", accessToken: key, status: 429, message: /overloaded/ },
  ] as const)("says what is wrong: $name", async ({ server, accessToken, status, message }) => {
    const endpointUrl = `${started[server].url}/models/tiny`;
    const error = await textClassification({ accessToken, endpointUrl, inputs: text }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InferenceClientProviderApiError);
    const { httpResponse, message: said } = error as InferenceClientProviderApiError;
    expect(httpResponse.status).toBe(status);
    expect(said).toMatch(message);
  });
});
