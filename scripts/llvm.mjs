// clang-format and clang-tidy: their findings change with each version, so the pinned ones of the parity Python come first.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findParityPython } from "./parity-python.mjs";
import { isOnPath } from "./steps.mjs";

/** The path of a tool of LLVM. */
export function llvmTool(name) {
  const python = findParityPython();
  const pinned = python && join(dirname(python), name);
  if (pinned && existsSync(pinned)) return pinned;
  if (isOnPath(name)) return name;
  throw new Error(`${name} is missing; type: node scripts/parity-python.mjs`);
}
