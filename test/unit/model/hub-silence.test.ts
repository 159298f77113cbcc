import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { resolveModel } from "../../../src/model/hub/resolve.js";
import { FakeHub, type Fault, name, stallAfter } from "./hub-server.js";

vi.mock("node:timers/promises", () => ({ setTimeout: async () => {} }));
vi.mock("../../../src/model/hub/retries.js", async (original) => ({
  ...(await original<object>()),
  silenceMs: 400,
}));

it("a connection on which nothing comes counts as cut, and is continued", async () => {
  const hub = await FakeHub.start();
  hub.cdnFaults.push(stallAfter(700_000));
  const directory = await resolveModel(name);
  expect(readFileSync(join(directory, "model.safetensors"))).toHaveLength(
    hub.files.get("model.safetensors")!.length,
  );
  expect(hub.seen("cdn")[1]!.headers.range).toMatch(/^bytes=\d+-$/);
});

it("a hub that never answers is given up", async () => {
  const hub = await FakeHub.start();
  hub.hubFaults.push(...Array<Fault>(5).fill(() => {}));
  await expect(resolveModel(name)).rejects.toMatchObject({
    code: "DOWNLOAD_FAILED",
    message: expect.stringMatching(/failed \(nothing came for 0\.4 s\)/),
  });
  expect(hub.requests).toHaveLength(5);
});
