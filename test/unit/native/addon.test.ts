// What a failure before the add-on is opened leaves behind: nothing that keeps the process alive.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";

it("a damaged record of the build ends in an error, and the process ends", () => {
  const cache = mkdtempSync(join(tmpdir(), "tagformer-cache-"));
  const [locations, native] = ["install/locations.js", "native/device.js"].map((file) =>
    JSON.stringify(new URL(`../../../dist/${file}`, import.meta.url).href),
  );
  const code = `
    import { mkdirSync, writeFileSync } from "node:fs";
    import { addonDirectory } from ${locations};
    import { findDevice } from ${native};
    mkdirSync(addonDirectory(), { recursive: true });
    writeFileSync(addonDirectory() + "/tagformer.node", "");
    writeFileSync(addonDirectory() + "/build.json", "{");
    await findDevice("cpu").catch((error) => console.log(error.name));`;
  try {
    const { status, stdout, error } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
      encoding: "utf8",
      env: { ...process.env, TAGFORMER_CACHE: cache },
      timeout: 300_000,
    });
    expect(error).toBeUndefined();
    expect({ status, stdout }).toEqual({ status: 0, stdout: "SyntaxError\n" });
  } finally {
    rmSync(cache, { recursive: true });
  }
});
