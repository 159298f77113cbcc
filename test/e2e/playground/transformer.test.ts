// The page of a server with a real transformer: its scores, and why.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { tinyServer } from "../../unit/serve/tiny-server.js";
import { bars, classify, openPage, screenshot, startBrowser } from "./browser.js";

const tiny = tinyServer();
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const text = "hello where is the parcel, please help";

it("shows what the model says of a text, and what its tokens contribute", async () => {
  const { page, complaints } = await openPage(browser, tiny.server.url);
  onTestFinished(() => page.context().close());
  await classify(page, text);
  const { scores } = await tiny.classifier.predict(text);
  const ranked = Object.entries(scores).sort(([, a], [, b]) => b - a);
  const found = await bars(page);
  expect(found.map(({ name }) => name)).toEqual(ranked.map(([name]) => name));
  for (const [i, { score }] of found.entries())
    expect(Number.parseFloat(score) / 100).toBeCloseTo(ranked[i]![1], 2);

  await page.getByRole("button", { name: /^delivery/ }).click();
  await page.getByRole("heading", { name: "Why delivery?" }).waitFor();
  await screenshot(page, "transformer");
  expect(await page.locator(".explained").textContent()).toBe(text);
  const { tokens } = await tiny.classifier.explain(text, { label: "delivery" });
  const inText = tokens.filter(({ start, end }) => end > start);
  const [strongest] = inText.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const written = text.slice(strongest!.start, strongest!.end);
  expect(await page.locator(".strongest li").first().textContent()).toContain(written);
  const sign = strongest!.contribution > 0 ? "plus" : "minus";
  expect(await page.locator(`.explained .${sign}`, { hasText: written }).count()).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
});

it("says how much of a long text the model has read", async () => {
  const { page } = await openPage(browser, tiny.server.url);
  onTestFinished(() => page.context().close());
  await classify(page, `${text} `.repeat(10));
  const { tokens } = await tiny.classifier.predict(`${text} `.repeat(10));
  expect(await page.locator(".answer .warning").textContent()).toContain(`has read ${tokens.read} tokens`);
  expect(await page.locator("s.cut").count()).toBe(1);
});
