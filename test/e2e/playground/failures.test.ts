// What the page makes of a server that does not answer as it should.
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

describe("a server that", () => {
  it("is busy is asked again when it says, and the text keeps its place", async () => {
    const { server, page } = await open(["tickets"]);
    let refusals = 2;
    server.instead = (reply, question) =>
      question && refusals-- > 0
        ? reply
            .code(429)
            .headers({ "retry-after-ms": "400", "x-request-id": "r-7" })
            .send({ error: { message: "full" } })
        : undefined;
    await page.getByRole("textbox", { name: "Text" }).fill(complaint);
    await page.getByText("The server is busy").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("Request r-7.");
    await screenshot(page, "busy");
    await page.locator(".explained").waitFor();
    expect(await page.locator(".answer .notice").isVisible()).toBe(false);
  });

  it("took too long is asked again at the press of a button", async () => {
    const { server, page } = await open(["tickets"]);
    server.instead = (reply, question) =>
      question && reply.code(504).send({ error: { code: "timeout", message: "no answer within 30000 ms" } });
    await page.getByRole("textbox", { name: "Text" }).fill(complaint);
    await page.getByText("The answer took too long").waitFor();
    server.instead = undefined;
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator(".explained").waitFor();
  });

  it("fails says so with the request's id", async () => {
    const { server, page } = await open(["tickets"]);
    server.instead = (reply, question) =>
      question &&
      reply
        .code(500)
        .header("x-request-id", "r-8")
        .send({ error: { message: "the model failed (NATIVE)" } });
    await page.getByRole("textbox", { name: "Text" }).fill(complaint);
    await page.getByText("The model could not answer").waitFor();
    expect(await page.getByRole("alert").textContent()).toMatch(
      /the model failed \(NATIVE\)\. .*Request r-8\./,
    );
  });

  it("goes away is told of, and found again", async () => {
    const { page } = await open(["tickets"]);
    await classify(page, complaint);
    await page.context().setOffline(true);
    await page.getByRole("textbox", { name: "Text" }).fill("my refund");
    await page.getByText("The server cannot be reached").waitFor();
    await screenshot(page, "unreachable");
    expect((await bars(page)).length).toBe(6); // the last answer stays, dimmed
    await page.context().setOffline(false);
    await page.locator(".explained", { hasText: "my refund" }).waitFor();
  });

  it("wants a key is given it, in this tab alone", async () => {
    const { server, page } = await open(["tickets"]);
    const seen: (string | undefined)[] = [];
    server.instead = (reply) => {
      const { authorization } = reply.request.headers;
      seen.push(authorization);
      return authorization === "Bearer right"
        ? undefined
        : reply.code(401).send({ error: { message: "no key" } });
    };
    await page.reload();
    const field = page.getByLabel("API key");
    await field.waitFor();
    await screenshot(page, "key");
    expect(await field.getAttribute("type")).toBe("password");
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The server does not know this key").waitFor();
    await field.fill("right");
    await page.keyboard.press("Enter");
    await classify(page, complaint);
    expect(await page.locator("#code").textContent()).toContain('"authorization: Bearer $TAGFORMER_API_KEY"');
    expect(await page.content()).not.toContain("right");
    await page.reload();
    await page.locator(".state.ready").waitFor();
    expect(seen.at(-1)).toBe("Bearer right");
    expect(await page.evaluate("localStorage.length + document.cookie.length")).toBe(0);
  });
});
