// A system that writes less than it is given, and says so, as it may: nothing is lost.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { RunDirectory } from "../../src/training/run-directory.js";
import { buildCommand } from "../e2e/command.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";

const children = join(import.meta.dirname, "children");
const isPossible = process.platform === "linux" && spawnSync("cc", ["--version"]).status === 0;
if (!isPossible) console.log("no writes that are cut short: they need Linux and a C compiler");

beforeAll(buildCommand);

const contentOf = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "hex")]),
  );

it.skipIf(!isPossible)("a model and a checkpoint are whole when every write is cut short", async () => {
  const folders = [temporaryFolder(), temporaryFolder()] as const;
  const library = join(temporaryFolder(), "short-writes.so");
  execFileSync("cc", ["-shared", "-fPIC", "-o", library, join(children, "short-writes.c"), "-ldl"]);
  const { end } = await finish(tinyRun({ epochs: 1 }));
  const said = folders.map((folder, i) =>
    execFileSync(process.execPath, [join(children, "short-writes.mjs"), end.directory, folder], {
      env: { ...process.env, ...(i === 1 && { LD_PRELOAD: library }) },
      encoding: "utf8",
    }),
  );
  expect(said).toEqual(["whole", "cut"]);
  const [whole, cut] = folders;
  expect(contentOf(join(cut, "model"))).toEqual(contentOf(join(whole, "model")));
  const { checkpoint, skipped } = await new RunDirectory(join(cut, "run")).newest();
  expect({ step: checkpoint?.step, skipped }).toEqual({ step: 1, skipped: [] });
});
