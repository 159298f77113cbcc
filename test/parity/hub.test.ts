import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { resolveModel } from "../../src/model/hub/resolve.js";
import { commit, FakeHub, name } from "../unit/model/hub-server.js";
import { runPython } from "./python.js";

it("huggingface_hub finds in the cache what tagformer downloaded", async () => {
  const hub = await FakeHub.start();
  const directory = await resolveModel(name);
  await resolveModel(`${name}@v1`);
  const found = {
    directory,
    config: join(directory, "config.json"),
    size: readdirSync(directory).reduce((sum, file) => sum + hub.files.get(file)!.length, 0),
  };
  const revisions = ["main", "v1", commit].map((revision) => [name, revision]);
  expect(runPython("hub_cache.py", revisions)).toEqual([found, found, found]);
});
