// Scripts that Node.js runs as they are written, on the oldest version that is supported.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

it("have no declarations with using, which Node.js 20 and 22 do not know", () => {
  const scripts = ["examples", "scripts", "test"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".mjs"))
      .map((name) => join(folder, name)),
  );
  expect(scripts).toContain(join("scripts", "device-check", "ours.mjs"));
  const uses = scripts.filter((name) =>
    /^\s*(await )?using \w+ =/m.test(readFileSync(join(root, name), "utf8")),
  );
  expect(uses).toEqual([]);
});
