// The page as a whole: what it asks for, for whom it works, and where.
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  classify,
  complaint,
  type OpenServed,
  openPage,
  openServed,
  type PageOptions,
  screenshot,
  startBrowser,
} from "./browser.js";
import { FakeServer } from "./fake-server.js";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const open: OpenServed = (models, options) => openServed(browser, models, options);

describe("the page", () => {
  it("asks nobody but its server, and runs no script from its markup", async () => {
    const { page, address, complaints } = await open();
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await page.reload();
    await classify(page, complaint);
    expect(urls.length).toBeGreaterThan(5);
    expect(urls.filter((url) => !url.startsWith(address))).toEqual([]);
    expect(complaints).toEqual([]);
    await page
      .evaluate(`{
        const script = document.createElement("script");
        script.append("document.title = 'run'");
        document.body.append(script);
      }`)
      .catch(() => {}); // trusted types refuse it even before the policy does
    expect(await page.title()).toBe("tagformer");
    expect(complaints.length).toBeGreaterThan(0);
  });

  it("is used by keyboard alone", async () => {
    const { page } = await open(["tickets"]);
    await page.locator(".state.ready").waitFor();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () =>
      page.evaluate<string>("document.activeElement.textContent || document.activeElement.id");
    await press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await press("Tab");
    expect(await focused()).toBe("Text");
    await press("ArrowRight");
    expect(await page.getByText("Drop a CSV here").isVisible()).toBe(true);
    await press("Home", "Tab", "Tab");
    expect(await focused()).toBe("text");
    await page.keyboard.type("my parcel");
    await press("Control+Enter");
    await page.locator(".explained").waitFor();
    while (!(await focused())?.startsWith("refund")) await press("Tab");
    await press("Enter");
    await page.getByRole("heading", { name: "Why refund?" }).waitFor();
    expect(await focused()).toMatch(/^refund/);
    expect(await page.locator('[aria-pressed="true"] .name').textContent()).toBe("refund");
  });

  it("tells those who do not see it", async () => {
    const { page } = await open(["tickets"]);
    await classify(page, complaint);
    expect(await page.locator("#spoken").textContent()).toBe(
      "tickets: delivery, refund, cancellation, urgent, of 6 labels.",
    );
    const bar = page.getByRole("button", { name: "bug 11.9 % , not given, threshold 61.0 %" });
    expect(await bar.count()).toBe(1);
  });

  it.each<[string, PageOptions]>([
    ["desktop-light", {}],
    ["desktop-dark", { colorScheme: "dark" }],
    ["phone-light", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true }],
    ["phone-dark", { viewport: { width: 320, height: 640 }, colorScheme: "dark", deviceScaleFactor: 2 }],
    ["still", { reducedMotion: "reduce" }],
  ])("is whole and accessible: %s", async (name, options) => {
    const { page } = await open(undefined, options);
    const check = async (part: string) => {
      const violations = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ")))`);
      expect(violations, part).toEqual([]);
      const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
      expect(await page.evaluate(overflow), part).toBe(0);
      await screenshot(page, `${name}-${part}`);
    };
    await page.locator(".state.ready").waitFor({ state: "attached" });
    await check("empty");
    await page.locator(".chip").getByText("tickets-small").click();
    await classify(page, `${complaint} `.repeat(3));
    await page.locator(".explained").nth(1).waitFor();
    await check("text");
    await page.getByRole("tab", { name: "Table" }).click();
    const buffer = Buffer.from("text\nmy parcel\nhello\nmy card was charged\n");
    await page.getByLabel("Drop a CSV here").setInputFiles({ name: "a.csv", mimeType: "text/csv", buffer });
    await page.getByRole("button", { name: "Classify 3 texts" }).click();
    await page.getByText("Done: 3 of 3 texts.").waitFor();
    await check("table");
    const paper = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(paper).toBe(options?.colorScheme === "dark" ? "rgb(16, 18, 21)" : "rgb(246, 246, 243)");
    if (options?.reducedMotion) {
      expect(await page.evaluate("document.getAnimations().length")).toBe(0);
    }
  });

  it("answers other clients than browsers as before", async () => {
    const { address } = await open(["tickets"]);
    const plain = await fetch(address);
    expect({ status: plain.status, vary: plain.headers.get("vary"), body: await plain.text() }).toEqual({
      status: 200,
      vary: "accept",
      body: "",
    });
  });

  it("works below a prefix, with and without a slash behind it", async () => {
    const server = new FakeServer(["tickets"], "/deep/down");
    const address = await server.listen();
    const { page } = await openPage(browser, `${address}/deep/down?x=1`);
    onTestFinished(async () => {
      await page.context().close();
      await server.app.close();
    });
    expect(page.url()).toBe(`${address}/deep/down/`);
    await classify(page, complaint);
    expect(await page.locator("#code").textContent()).toContain(`'${address}/deep/down/v1/predict'`);
  });
});
