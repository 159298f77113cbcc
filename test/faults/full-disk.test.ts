// A disk that is full at any byte of a save: file systems in memory that are a little larger each time.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { finish, temporaryFolder, tinyRun } from "../unit/training/tiny-run.js";

let disk = "";

/** Why no file system can be mounted; `null` where one can. */
function whyNoDisk(): string | null {
  const folder = temporaryFolder();
  const { status, error, stderr } = mount(folder, 64);
  if (status === 0) execFileSync("umount", [folder]);
  return status === 0 ? null : (error?.message ?? stderr);
}

function mount(folder: string, kilobytes: number) {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder], {
    encoding: "utf8",
  });
}

const reason = whyNoDisk();
if (reason) console.log(`no full disks: ${reason}`);

afterEach(() => {
  if (disk !== "") execFileSync("umount", [disk]);
  disk = "";
});

const contentOf = (directory: string) =>
  readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "latin1")]);

describe.skipIf(reason)("a disk that is full at some byte of a save", () => {
  let model: string;
  let kilobytes: number;
  beforeAll(async () => {
    model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
    const sizes = readdirSync(model).map((name) => Math.ceil(statSync(join(model, name)).size / 4096) * 4);
    kilobytes = sizes.reduce((sum, size) => sum + size, 0);
  });

  it("leaves the old model, whole, and nothing else; with enough room the new one", async () => {
    await using classifier = await Classifier.load(model, { threads: 1, threshold: 0.75 });
    const outcomes: string[] = [];
    for (let room = 8; outcomes.at(-1) !== "saved"; room += 4) {
      disk = temporaryFolder();
      expect(mount(disk, kilobytes + room).status).toBe(0);
      const target = join(disk, "model");
      mkdirSync(target);
      cpSync(model, target, { recursive: true });
      const before = contentOf(target);
      const outcome = await classifier.save(target).then(
        () => "saved",
        (error) => error.code,
      );
      outcomes.push(outcome);
      expect(readdirSync(disk)).toEqual(["model"]);
      if (outcome === "saved") {
        await using saved = await Classifier.load(target, { threads: 1 });
        expect(saved.thresholds).toEqual([0.75, 0.75, 0.75]);
      } else {
        expect(outcome).toBe("IO");
        expect(contentOf(target)).toEqual(before);
      }
      execFileSync("umount", [disk]);
      disk = "";
    }
    expect(outcomes.length).toBeGreaterThan(8);
  });
});
