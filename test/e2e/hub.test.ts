// The commands with a model's name instead of a directory, against a hub on this machine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";
import { FakeHub } from "../unit/model/hub-server.js";
import { csvOf, finish, temporaryFolder, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";
import { buildCommand, tagformer, write } from "./command.js";

let published: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  buildCommand();
  const { directory } = (await finish(tinyRun())).end;
  published = new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]));
});

async function startHub(): Promise<FakeHub> {
  const hub = await FakeHub.start();
  hub.files = new Map(published);
  return hub;
}

it("trains from a model on the hub, and predicts with it; offline, from the cache", async () => {
  const hub = await startHub();
  const folder = temporaryFolder();
  const table = write(join(folder, "data.csv"), csvOf(tinyDataset(80)));
  const output = join(folder, "model");
  const training = [
    "train",
    table,
    "--model",
    "owner/model",
    "--output",
    output,
    "--preset",
    "plain",
    "--epochs",
    "1",
    "--threads",
    "1",
  ];
  expect(await tagformer(training)).toMatchObject({ status: 0 });
  expect(existsSync(join(output, "model.safetensors"))).toBe(true);
  expect(hub.seen("cdn").length).toBeGreaterThan(0);

  const predicting = ["predict", "-", "--model", "owner/model@main", "--threads", "1"];
  const online = await tagformer(predicting, "my parcel\n");
  expect(online).toMatchObject({ status: 0, stdout: expect.stringMatching(/^id,labels,.*\n1,delivery,/) });

  hub.requests.length = 0;
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await tagformer(predicting, "my parcel\n")).toEqual(online);
  expect(hub.requests).toEqual([]);
});

it("names what is wrong, and leaves no output", async () => {
  const hub = await startHub();
  const folder = temporaryFolder();
  const table = write(join(folder, "data.csv"), csvOf(tinyDataset(80)));
  const output = join(folder, "model");
  const train = (model: string) => tagformer(["train", table, "--model", model, "--output", output]);
  expect(await train("owner/none")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^tagformer: .*owner\/none/m),
  });
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  expect(await train("owner/model")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^tagformer: .*owner\/model/m),
  });
  expect(hub.seen("cdn")).toEqual([]);
  expect(existsSync(output)).toBe(false);
});
