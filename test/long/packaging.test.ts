// The published package in the hands of each package manager: installed with and without scripts, and a second time
// without a network; built from what is in the tarball. Several minutes, most of them compiling.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBuiltAddon } from "../../src/install/built-addon.js";
import { cacheDirectory } from "../../src/install/locations.js";
import { pack, root, run, succeed, type Tarball } from "../e2e/package.js";
import { finish, tinyRun } from "../unit/training/tiny-run.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-installing-"));
const tools = join(directory, "tools");
/** Where each manager keeps what it has downloaded: apart from the user's, so that the second time proves something. */
const downloads = join(directory, "downloads");
const registry = run("npm", ["config", "get", "registry"], root).stdout.trim();

interface Manager {
  readonly name: string;
  /** The words of the command, before what it shall do. */
  readonly command: readonly string[];
  readonly install: (tarball: string) => readonly string[];
  /** Installs what the lock file names, without a network and without running any script. */
  readonly again: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs a file with Node.js. */
  readonly run: readonly string[];
  /** Yarn's Plug'n'Play has no part in require() of an ES module; `import` does it all. */
  readonly requires: boolean;
}

/** Whatever this user's npm is set to: without addresses in the lock file, it asks the registry a second time. */
const fullLock = ["--no-omit-lockfile-registry-resolved"];
const yarn = [process.execPath, join(tools, "node_modules", "@yarnpkg", "cli-dist", "bin", "yarn.js")];
const yarnClassic = [process.execPath, join(tools, "node_modules", "yarn", "bin", "yarn.js")];

const managers: readonly Manager[] = [
  {
    name: "npm",
    command: ["npm"],
    install: (tarball) => ["install", "--cache", join(downloads, "npm"), ...fullLock, tarball],
    again: ["ci", "--cache", join(downloads, "npm"), "--offline", "--ignore-scripts"],
    run: [process.execPath],
    requires: true,
  },
  {
    name: "pnpm",
    command: [join(tools, "node_modules", ".bin", "pnpm")],
    install: (tarball) => ["add", "--store-dir", join(downloads, "pnpm"), tarball],
    again: [
      "install",
      "--store-dir",
      join(downloads, "pnpm"),
      "--offline",
      "--frozen-lockfile",
      "--ignore-scripts",
    ],
    run: [process.execPath],
    requires: true,
  },
  {
    name: "Yarn 1",
    command: yarnClassic,
    install: (tarball) => ["add", "--cache-folder", join(downloads, "yarn1"), `file:${tarball}`],
    again: [
      "install",
      "--cache-folder",
      join(downloads, "yarn1"),
      "--offline",

      "--ignore-scripts",
    ],
    run: [process.execPath],
    requires: true,
  },
  {
    name: "Yarn with Plug'n'Play",
    command: yarn,
    install: (tarball) => ["add", `tagformer@file:${tarball}`],
    again: ["install", "--immutable", "--mode", "skip-build"],
    environment: { YARN_GLOBAL_FOLDER: join(downloads, "yarn"), YARN_ENABLE_TELEMETRY: "0" },
    run: [...yarn, "node"],
    requires: false,
  },
];

const importing = `
  import { Classifier } from "tagformer";
  const classifier = await Classifier.load(process.argv[2]);
  const { scores } = await classifier.predict("my parcel");
  await classifier.dispose();
  console.log(Object.keys(scores).join());`;
const requiring = `
  const { Classifier } = require("tagformer");
  console.log(typeof Classifier.load);`;

let tarball: Tarball;
let model: string;

beforeAll(async () => {
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");
  succeed("npm", ["install", "--silent", "pnpm", "yarn@1", "@yarnpkg/cli-dist@4"], tools);
  tarball = pack(directory);
  model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(managers)("$name", (manager) => {
  const project = join(directory, `a project for ${manager.name}`);
  const environment = {
    npm_config_registry: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    TAGFORMER_CACHE: cacheDirectory(),
    ...manager.environment,
  };
  const manage = (parameters: readonly string[], changes = {}) => {
    const [command, ...words] = manager.command;
    return succeed(command!, [...words, ...parameters], project, { ...environment, ...changes });
  };
  const start = (file: string) => {
    const [command, ...words] = manager.run;
    return succeed(command!, [...words, file, model], project, environment);
  };
  const works = () => {
    expect(start("importing.mjs").stdout).toBe("delivery,money,access\n");
    if (manager.requires) expect(start("requiring.cjs").stdout).toBe("function\n");
  };

  it("installs the package, which works with the add-on that was built before", () => {
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true }');
    if (manager.command === yarn) writeFileSync(join(project, "yarn.lock"), ""); // a project of its own
    writeFileSync(join(project, "importing.mjs"), importing);
    writeFileSync(join(project, "requiring.cjs"), requiring);
    manage(manager.install(tarball.file));
    works();
  });

  it("installs it again without a network and without scripts", () => {
    for (const name of ["node_modules", ".pnp.cjs", ".pnp.loader.mjs", ".yarn"]) {
      rmSync(join(project, name), { recursive: true, force: true });
    }
    manage(manager.again, { YARN_ENABLE_NETWORK: "0" });
    works();
  });
});

it("is built from the tarball, in a path with spaces, and writes nothing into node_modules", () => {
  const project = join(directory, "a project for npm");
  const before = filesIn(join(project, "node_modules"));
  const environment = {
    TAGFORMER_CACHE: join(directory, "a cache of its own"),
    LIBTORCH: findBuiltAddon()!.torchDirectory,
  };
  expect(succeed("npx", ["--offline", "tagformer", "setup"], project, environment).stdout).toMatch(
    /is built and tested/,
  );
  expect(succeed(process.execPath, ["importing.mjs", model], project, environment).stdout).toBe(
    "delivery,money,access\n",
  );
  expect(filesIn(join(project, "node_modules"))).toEqual(before);
});

/** Every file with its size and time. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return `${name} ${size} ${mtimeMs}`;
  });
}
