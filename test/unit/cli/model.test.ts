import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { localModel } from "../../../src/cli/model.js";
import { FakeHub, name, sendError } from "../model/hub-server.js";

const { bars } = vi.hoisted(() => ({
  bars: [] as { title: string; total: number; done: number; stopped: boolean }[],
}));
vi.mock("../../../src/cli/progress.js", () => ({
  ProgressBar: class {
    rate = 2e6;
    readonly #bar: (typeof bars)[0];
    constructor(title: string, total: number) {
      this.#bar = { title, total, done: 0, stopped: false };
      bars.push(this.#bar);
    }
    update(done: number, detail: string) {
      expect(detail).toBe("2.0 MB/s");
      this.#bar.done = done;
    }
    stop() {
      this.#bar.stopped = true;
    }
  },
}));

let hub: FakeHub;
beforeEach(async () => {
  hub = await FakeHub.start();
});
afterEach(() => void bars.splice(0));

it("a download is shown, and only a download", async () => {
  const directory = await localModel(name);
  expect(bars).toEqual([
    { title: `downloading ${name}`, total: bars[0]!.total, done: bars[0]!.total, stopped: true },
  ]);
  expect(await localModel(name)).toBe(directory);
  expect(await localModel(directory)).toBe(directory);
  expect(bars).toHaveLength(1);
});

it("a download that fails leaves no bar behind", async () => {
  hub.cdnFaults.push((_, response) => sendError(response, 403));
  await expect(localModel(name)).rejects.toMatchObject({ code: "DOWNLOAD_FAILED" });
  expect(bars).toMatchObject([{ stopped: true }]);
});
