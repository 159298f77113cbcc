// The first tab of the page: a text, its labels, and why.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  bars,
  classify,
  complaint,
  type OpenServed,
  openServed,
  screenshot,
  startBrowser,
} from "./browser.js";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const open: OpenServed = (models, options) => openServed(browser, models, options);

describe("a text of the page", () => {
  it("has each label's score as a bar against its threshold, the highest first", async () => {
    const { page, complaints } = await open(["tickets"]);
    await screenshot(page, "empty");
    await classify(page, complaint);
    await screenshot(page, "desktop");
    const found = await bars(page);
    expect(found.map(({ name }) => name)).toEqual([
      "urgent",
      "refund",
      "delivery",
      "cancellation",
      "bug",
      "billing",
    ]);
    expect(found[0]).toEqual({ name: "urgent", score: "99.2 %", given: true });
    expect(found.at(-1)).toEqual({ name: "billing", score: "9.1 %", given: false });
    const shares = await page.locator(".bars .track").evaluateAll((tracks) =>
      tracks.map((track) => {
        const share = (name: string) => track.querySelector(name)!.getBoundingClientRect();
        const { left, width } = track.getBoundingClientRect();
        return [share(".fill").width / width, (share(".mark").left + 1 - left) / width];
      }),
    );
    expect(shares[4]![0]).toBeCloseTo(0.119, 2); // bug
    expect(shares[4]![1]).toBeCloseTo(0.61, 2);
    expect(await page.locator(".verdict").textContent()).toMatch(/delivery\s*refund\s*cancellation\s*urgent/);
    expect(await page.getByText("3.6 ms").getAttribute("title")).toContain("inference 3.1 ms");
    expect(complaints).toEqual([]);
  });

  it("is explained token by token, for the label that is pressed", async () => {
    const { server, page } = await open(["tickets"]);
    await classify(page, complaint);
    expect(await page.getByRole("heading", { name: "Why urgent?" }).isVisible()).toBe(true);
    await page.getByRole("button", { name: /^delivery/ }).click();
    await page.getByRole("heading", { name: "Why delivery?" }).waitFor();
    const colorOf = new Map(
      await page.evaluate<[string, string][]>(`
        [...document.querySelectorAll(".explained .plus")].map((span) =>
          [span.textContent, getComputedStyle(span).backgroundColor])`),
    );
    expect(colorOf.get("parcel")).toBe(colorOf.get("arrived"));
    expect(colorOf.get("parcel")).not.toBe(colorOf.get("money"));
    expect(await page.locator(".explained").textContent()).toBe(complaint);
    expect(await page.locator(".strongest li").first().textContent()).toMatch(/parcel\s*\+3\.10/);
    expect(server.questions.at(-1)).toEqual({ model: "tickets", texts: [complaint], explain: "delivery" });
    await classify(page, "where is my parcel");
    await page.locator(".explained", { hasText: "where is my parcel" }).waitFor();
    expect(await page.getByRole("heading", { name: "Why delivery?" }).isVisible()).toBe(true);
  });

  it("shows what was cut", async () => {
    const { page } = await open(["tickets"]);
    await classify(page, `${complaint} `.repeat(4));
    expect(await page.locator(".answer .warning").textContent()).toBe(
      "The model has read 62 tokens. The rest of the text, 25 tokens, was cut.",
    );
    expect(await page.locator("s.cut").textContent()).toMatch(/ I want my money back now.*subscription\. $/);
    await screenshot(page, "cut");
  });

  it("stays a text, whatever is in it", async () => {
    const { page, complaints } = await open(["tickets"]);
    const markup = `<img src=x onerror="document.title='run'"><script>document.title='run'</script> parcel`;
    await classify(page, markup);
    expect(await page.locator(".explained").textContent()).toBe(markup);
    expect(await page.title()).toBe("tagformer");
    expect(complaints).toEqual([]);
  });

  it("is asked about when typing pauses, or when a key or the button says so", async () => {
    const { server, page } = await open(["tickets"]);
    await page.getByLabel("Classify while typing").uncheck();
    await page.getByRole("textbox", { name: "Text" }).fill("my parcel");
    await page.waitForTimeout(600);
    expect(server.questions).toEqual([]);
    await page.keyboard.press("Control+Enter");
    await page.locator(".explained").waitFor();
    expect(server.questions[0]).toEqual({ model: "tickets", texts: ["my parcel"] });
    await page.getByRole("textbox", { name: "Text" }).fill("my refund");
    await page.getByRole("button", { name: "Classify", exact: true }).click();
    await page.locator(".explained", { hasText: "my refund" }).waitFor();
  });

  it("has answers of several models side by side", async () => {
    const { page } = await open();
    await classify(page, complaint);
    await page.locator(".chip").getByText("tickets-small").click();
    await page.locator(".explained").nth(1).waitFor();
    await screenshot(page, "two-models");
    const [left, right] = await Promise.all(
      [0, 1].map((card) => page.locator(".answer").nth(card).boundingBox()),
    );
    expect(left!.y).toBe(right!.y);
    expect(right!.x).toBeGreaterThan(left!.x + left!.width);
    expect(
      (await bars(page, 1))
        .filter(({ given }) => given)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["cancellation", "delivery"]);
    await page.locator(".chip").first().click();
    expect(await page.locator(".answer h2").allTextContents()).toEqual(["tickets-small"]);
  });
});
