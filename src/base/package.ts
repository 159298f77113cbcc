// The package that this code belongs to.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of tagformer's package.json, CMakeLists.txt and native sources. */
export const packageRoot = fileURLToPath(new URL("../..", import.meta.url));

/** tagformer's own version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as { version: string }).version;
}
