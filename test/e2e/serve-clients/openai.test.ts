// The `openai` package asks for moderations and models, and gets its own kinds of errors.
import OpenAI6 from "openai";
import { describe, expect, it } from "vitest";
import { findOpenAI7 } from "../../../scripts/node-clients.mjs";
import { key, servers, text } from "./servers.js";

const started = servers();
const openai7 = await findOpenAI7(); // it needs Node 22

const versions = [
  { version: 6, OpenAI: OpenAI6 },
  ...(openai7 ? [{ version: 7, OpenAI: openai7.default }] : []),
];

describe.each(versions)("openai $version", ({ OpenAI }) => {
  const client = (server: "keyed" | "busy", apiKey = key) =>
    new OpenAI({ apiKey, baseURL: `${started[server].url}/v1`, maxRetries: 0 });

  it("has each label as a category, flagged by the model's thresholds", async () => {
    const { results, model, id } = await client("keyed").moderations.create({ input: [text, "hello"] });
    const predictions = await started.classifier.predict([text, "hello"]);
    expect({ model, id: id.startsWith("modr-") }).toEqual({ model: "tiny", id: true });
    expect(results.map(({ category_scores }) => category_scores)).toEqual(
      predictions.map(({ scores }) => scores),
    );
    for (const [i, { flagged, categories }] of results.entries()) {
      const given = Object.entries(categories).flatMap(([label, isGiven]) => (isGiven ? [label] : []));
      expect(given).toEqual(predictions[i]!.labels);
      expect(flagged).toBe(given.length > 0);
    }
  });

  it("lists the models, and finds one", async () => {
    const names: string[] = [];
    for await (const model of client("keyed").models.list()) names.push(model.id);
    expect(names).toEqual(["tiny"]);
    expect(await client("keyed").models.retrieve("tiny")).toMatchObject({ id: "tiny", object: "model" });
  });

  it("throws its own errors, with code and request id", async () => {
    const wrong = client("keyed", "sk-wrong").moderations.create({ input: text });
    await expect(wrong).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(wrong).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
    const none = client("keyed").models.retrieve("none");
    await expect(none).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(none).rejects.toMatchObject({ requestID: expect.stringMatching(/./) });
    const image = { type: "image_url", image_url: { url: "https://example.com/a.png" } } as const;
    const picture = client("keyed").moderations.create({ input: [image] });
    await expect(picture).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(picture).rejects.toMatchObject({ param: "input" });
  });

  it("is told to come again when the server is busy, and does", async () => {
    const { moderations } = client("busy");
    const refused = moderations.create({ input: text });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(refused).rejects.toMatchObject({ code: "rate_limit_exceeded" });
    const error = (await refused.catch((thrown: unknown) => thrown)) as InstanceType<typeof OpenAI.APIError>;
    expect(Number(error.headers?.get("retry-after-ms"))).toBeGreaterThan(0);

    const asked: number[] = [];
    const patient = new OpenAI({
      apiKey: key,
      baseURL: `${started.busy.url}/v1`,
      maxRetries: 1,
      fetch: (url, init) => {
        asked.push(performance.now());
        return fetch(url, init as RequestInit);
      },
    });
    await expect(patient.moderations.create({ input: text })).rejects.toMatchObject({ status: 429 });
    expect(asked).toHaveLength(2);
  });
});
