// The steps that quickstart.mjs, test.mjs and check.mjs share. Plain JavaScript without dependencies: on a fresh clone
// nothing is installed yet.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** A step that failed has said why on stderr; the script ends with its exit status. */
export class StepFailed extends Error {
  constructor(status) {
    super(`exit status ${status}`);
    this.status = status;
  }
}

/** Runs a script of this folder to its end. */
export async function main(steps) {
  try {
    await steps();
  } catch (error) {
    if (!(error instanceof StepFailed)) say(error.message);
    process.exitCode = error.status || 1;
  }
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Runs a command in the project's root with our output; throws {@link StepFailed} unless it ends with 0. */
export function run(command, ...parameters) {
  const { status, signal, error } = spawnSync(command, parameters, { cwd: root, stdio: "inherit" });
  if (error) say(`${command}: ${error.message}`);
  if (status !== 0) throw new StepFailed(signal === "SIGINT" ? 130 : status);
}

export function node(script, ...parameters) {
  run(process.execPath, script, ...parameters);
}

/** An executable that npm installed, such as `tsc`. */
export function localBin(name, ...parameters) {
  run(join(root, "node_modules", ".bin", name), ...parameters);
}

export function isOnPath(program) {
  return process.env.PATH.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Everything between a fresh clone and a working `tagformer`; takes no time when nothing changed. */
export function setUp() {
  checkNode();
  installSystemPackages();
  installNpmPackages();
  buildTypeScript();
  node("dist/bundle/main.js", "setup");
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(`this is Node.js ${process.versions.node}, but tagformer needs 20.19 or newer`);
}

/** What the build needs; where it cannot be installed, `setup` says what is missing. */
function installSystemPackages() {
  installMissing([
    ["cmake", isOnPath("cmake")],
    ["g++", isOnPath("c++")],
    ["make", isOnPath("make") || isOnPath("ninja")],
    ["strace", isOnPath("strace")], // the tests of saving end a process at every system call
    ["python3-venv", succeeds("python3", "-c", "import venv, ensurepip")],
  ]);
}

/** The browser of test/e2e/playground; where it cannot be installed, those tests say what is missing. */
export function installChromium() {
  try {
    installMissing([["chromium", isOnPath("chromium") || isOnPath("google-chrome")]]);
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  }
}

/** On Debian and its relatives, as root (a container, a CI job): installs packages that are not there. */
export function installMissing(packages) {
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) return;
  const missing = packages.flatMap(([name, present]) => (present ? [] : [name]));
  if (missing.length === 0) return;
  say(`installing ${missing.join(", ")}`);
  run("apt-get", "update", "--quiet", "--quiet");
  run("apt-get", "install", "--quiet", "--quiet", "--yes", "--no-install-recommends", ...missing);
}

function succeeds(command, ...parameters) {
  return spawnSync(command, parameters, { stdio: "ignore" }).status === 0;
}

function installNpmPackages() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (modified(installed) >= modified(join(root, "package-lock.json"))) return;
  say("installing npm packages");
  // Not `npm ci`: it refuses a lock file that lacks the optional packages of other platforms, which npm leaves out when a
  // registry mirror does not carry them. The locked versions are installed all the same, and nothing is rewritten.
  run("npm", "install", "--no-save", "--no-audit", "--no-fund");
}

/** Compiles src to dist when anything in src is newer. */
export function buildTypeScript() {
  const bundle = join(root, "dist", "bundle");
  const sources = ["src", "playground"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)),
  );
  const scripts = ["build.mjs", "bundle.mjs", "option-types.mjs"].map((name) => join("scripts", name));
  const settings = ["package.json", "tsconfig.json", "tsconfig.build.json", ...scripts];
  const inputs = [...sources, ...settings.map((name) => join(root, name))];
  if (modified(join(bundle, "main.js")) >= Math.max(...inputs.map(modified))) return;
  say("compiling TypeScript");
  try {
    run("npm", "run", "--silent", "build");
  } catch (error) {
    rmSync(bundle, { recursive: true, force: true }); // half of it must not look fresh
    throw error;
  }
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}
