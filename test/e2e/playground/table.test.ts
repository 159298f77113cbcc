// The second tab of the page: a CSV that is dropped on it.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenServed, openServed, screenshot, startBrowser } from "./browser.js";

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser?.close());

const open: OpenServed = (models, options) => openServed(browser, models, options);

describe("a table of the page", () => {
  const rows = Array.from({ length: 150 }, (_, i) => [
    `${i}`,
    ["My parcel, broken,\nnever came", "charged twice on my card", '=the "app" crashes', "hello"][i % 4]!,
  ]);
  const csv = `id,text\n${rows.map(([id, text]) => `${id},"${text!.replaceAll('"', '""')}"`).join("\n")}\n`;

  /** Drops a file on the page, as a hand does. */
  async function drop(page: Page, name: string, content: string): Promise<void> {
    const data = await page.evaluateHandle(`{
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}, { type: "text/csv" }));
      transfer;
    }`);
    await page.dispatchEvent("main", "drop", { dataTransfer: data });
  }

  it("that is dropped is classified, shown and downloaded", async () => {
    const { server, page, complaints } = await open(["tickets"]);
    await drop(page, "new.csv", csv);
    expect(await page.getByLabel("Text column").inputValue()).toBe("1");
    await page.getByRole("button", { name: "Classify 150 texts" }).click();
    await page.getByText("Done: 150 of 150 texts.").waitFor();
    await screenshot(page, "table");
    expect(server.questions.every(({ texts }) => texts.length <= 32)).toBe(true);
    expect(await page.locator(".summary li").first().textContent()).toMatch(/bug\s*75/);
    expect(await page.locator("tbody tr").count()).toBe(100);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("new-predictions.csv");
    const lines = readFileSync(await file.path(), "utf8").split("\n");
    expect(lines[0]).toBe("id,text,labels,delivery,refund,billing,bug,cancellation,urgent");
    expect(lines[3]).toMatch(/^1,charged twice on my card,billing,0\.05\d*,/);
    expect(lines[4]).toMatch(/^2,"'=the ""app"" crashes",bug,/);
    expect(lines).toHaveLength(1 + 150 + 38 + 1); // a line break in every fourth text, and the last line's end
    expect(complaints).toEqual([]);
  });

  it("goes on where it was stopped, waits for a busy server, and names the row that is refused", async () => {
    const { server, page } = await open(["tickets"]);
    let asked = 0;
    server.instead = (reply, question) => {
      if (question === undefined) return undefined;
      asked++;
      if (asked === 2)
        return reply
          .code(429)
          .header("retry-after-ms", "20")
          .send({ error: { message: "busy" } });
      if (asked === 4) return reply.code(401).send({ error: { message: "no" } });
      const bad = question.texts.some((text) => text === "poison");
      return bad ? reply.code(422).send({ error: { message: "the text is poison" } }) : undefined;
    };
    await drop(page, "new.csv", `${csv}150,poison\n`);
    await page.getByRole("button", { name: "Classify 151 texts" }).click();
    await page.getByLabel("API key").fill("secret");
    await page.getByRole("button", { name: "Use it" }).click();
    await page.getByRole("button", { name: /^Go on with/ }).click();
    await page.getByText("Done: 151 of 151 texts, 1 of them refused.").waitFor();
    const texts = server.questions.flatMap((question) => question.texts);
    expect(new Set(texts).size).toBe(5);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download CSV" }).click();
    const lines = readFileSync(await (await download).path(), "utf8")
      .trimEnd()
      .split("\n");
    expect(lines[0]).toMatch(/,urgent,error$/);
    expect(lines.at(-1)).toBe("150,poison,,,,,,,,the text is poison");
  });

  it("that is none is refused with where and why", async () => {
    const { page } = await open(["tickets"]);
    await drop(page, "bad.csv", 'id,text\n1,"never closed\n');
    await page.getByText("Line 2: a quote is opened and never closed.").waitFor();
    await drop(page, "good.csv", "id;text\n1;my parcel\n");
    await page.getByRole("button", { name: "Classify 1 text" }).waitFor();
    expect(await page.locator("#file-problem").isVisible()).toBe(false);
  });
});
