// Chromium as the system has it, driven by playwright-core.
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { FakeServer } from "./fake-server.js";

export const complaint =
  "The parcel never arrived, and nobody answers my mails. I want my money back now, or I will cancel my subscription.";

export type PageOptions = BrowserContextOptions;

/** Where Debian and others put it; `TAGFORMER_CHROMIUM` names another place. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser, or `undefined` where there is none: `npm test` installs it on Debian. */
function findChromium(): string | undefined {
  const { TAGFORMER_CHROMIUM } = process.env;
  return [...(TAGFORMER_CHROMIUM ? [TAGFORMER_CHROMIUM] : []), ...places].find((file) => existsSync(file));
}

export async function startBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("there is no Chromium; type: apt-get install chromium");
  // The sandbox needs rights that containers rarely have; the pages are our own.
  return await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** A page at `address`, and what its console and its scripts complained of. */
export async function openPage(
  browser: Browser,
  address: string,
  options: PageOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

/** Keeps a picture of the page where `TAGFORMER_SCREENSHOTS` names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const { TAGFORMER_SCREENSHOTS: folder } = process.env;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** The page of a {@link FakeServer}. */
export interface Served {
  readonly server: FakeServer;
  readonly address: string;
  readonly page: Page;
  /** What the browser has warned of. */
  readonly complaints: string[];
}

/** Opens the page of a server with these models, until the test has ended. */
export type OpenServed = (models?: readonly string[], options?: PageOptions) => Promise<Served>;

export async function openServed(
  browser: Browser,
  models?: readonly string[],
  options?: PageOptions,
): Promise<Served> {
  const server = new FakeServer(models);
  const address = await server.listen();
  const { page, complaints } = await openPage(browser, address, options);
  onTestFinished(async () => {
    await page.context().close();
    await server.app.close();
  });
  return { server, address, page, complaints };
}

/** Enters a text, and waits until it is explained. */
export async function classify(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Text" }).fill(text);
  await page.locator(".explained").first().waitFor();
}

/** The bars of a card as a reader has them: name, score, whether it is given. */
export function bars(page: Page, card = 0): Promise<{ name: string; score: string; given: boolean }[]> {
  return page
    .locator(".answer")
    .nth(card)
    .locator(".bars li")
    .evaluateAll((items) =>
      items.map((item) => ({
        name: item.querySelector(".name")!.textContent,
        score: item.querySelector(".score")!.textContent,
        given: item.classList.contains("given"),
      })),
    );
}
