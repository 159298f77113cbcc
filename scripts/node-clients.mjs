// The client of the tests that asks for a newer Node.js than tagformer does, in a folder of the user's cache: as a dependency it would
// make every npm install complain.
import { createRequire } from "node:module";
import { join } from "node:path";
import { ensureNodeFolder } from "./bench/peers.mjs";

const newer = { openai: "7.59.0" };
const oldestNode = 22;

/**
 * The module `openai` 7, after installing it when it is not there; `null` where Node.js is too old for it.
 *
 * @returns {Promise<{ default: typeof import("openai").default } | null>} its classes are those of version 6 to the tests
 */
export async function findOpenAI7() {
  if (Number(process.versions.node.split(".")[0]) < oldestNode) return null;
  const folder = await ensureNodeFolder("clients-node", newer, "openai 7 for the tests");
  return createRequire(join(folder, "package.json"))("openai");
}
