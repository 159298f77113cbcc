// The client of the tests that asks for a newer Node.js than tagformer does, in a folder of the user's cache: as a dependency it would
// make every npm install complain.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ensureFolder } from "./bench/peers.mjs";
import { say } from "./steps.mjs";

const newer = { openai: "7.59.0" };
const oldestNode = 22;

/** The module `openai` 7, after installing it when it is not there; `null` where Node.js is too old for it. */
export async function findOpenAI7() {
  if (Number(process.versions.node.split(".")[0]) < oldestNode) return null;
  const dependencies = JSON.stringify({ private: true, dependencies: newer });
  const folder = await ensureFolder("clients-node", dependencies, (empty) => {
    say("installing openai 7 for the tests");
    writeFileSync(join(empty, "package.json"), dependencies);
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { status } = spawnSync("npm", install, { cwd: empty, stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error("npm could not install openai 7 (its own message is above)");
  });
  return createRequire(join(folder, "package.json"))("openai");
}
