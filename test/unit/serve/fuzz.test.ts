// Requests made at random: every one is answered by a status that is documented, in JSON, and the server goes on. A million of
// them are in test/long.
import { expect, it } from "vitest";
import { fuzz } from "./fuzz.js";
import { ask, tinyServer } from "./tiny-server.js";

const tiny = tinyServer({ maxBodyBytes: 20_000, maxTextCharacters: 5000, timeoutMs: 1000 });

it("answers a thousand damaged requests", async () => {
  await fuzz(tiny.server.url, { count: 1000, seed: 1 });
  expect((await ask(`${tiny.server.url}/v1/predict`, { texts: "a" })).status).toBe(200);
});
