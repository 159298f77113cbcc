import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { fetchLibtorch } from "../../../src/install/fetch.js";
import { fetchedSitePackages, fetchedTorch } from "../../../src/install/locations.js";
import { answers, useMachine } from "./machine.js";

const { statfsSync } = vi.hoisted(() => ({ statfsSync: vi.fn(() => ({ bavail: 1e7, bsize: 4096 })) }));
vi.mock("node:fs", async (original) => ({ ...(await original<typeof import("node:fs")>()), statfsSync }));

const machine = useMachine();
const silent = () => {};

/** A pip that "installs" torch with the requirements given, and notes each of its calls in `calls`. */
function pip(requirements: string[], { addContext = "NSt7__cxx11" } = {}): string {
  return `
const fs = require("node:fs");
if (args.includes("--help")) process.exit(0);
fs.appendFileSync(${JSON.stringify(join(machine.directory, "calls"))}, args.join(" ") + "\\n");
const target = args[args.indexOf("--target") + 1];
const version = args.at(-1).split("==")[1];
if (args.at(-1).startsWith("torch==")) {
  const suffix = process.platform === "darwin" ? ".dylib" : ".so";
  for (const folder of ["torch/lib", "torch/include/ATen", "torch-" + version + ".dist-info"])
    fs.mkdirSync(target + "/" + folder, { recursive: true });
  fs.writeFileSync(target + "/torch/lib/libtorch_cpu" + suffix, "");
  fs.writeFileSync(target + "/torch/lib/libc10" + suffix, "_ZN3c105Error11add_contextE${addContext}");
  fs.writeFileSync(target + "/torch/include/ATen/ATen.h", "");
  fs.writeFileSync(target + "/torch/version.py", "__version__ = '" + version + "'\\n");
  fs.writeFileSync(target + "/torch-" + version + ".dist-info/METADATA", ${JSON.stringify(requirements.join("\n"))});
}`;
}

const calls = () => readFileSync(join(machine.directory, "calls"), "utf8").trim().split("\n");
const onLinuxX64 = it.runIf(process.platform === "linux" && process.arch === "x64");

it("fetches once, and finds it there the second time", async () => {
  machine.program("pip", pip([]));
  const fetched = { directory: fetchedTorch("2.13.0"), version: "2.13.0" };
  expect(await fetchLibtorch("2.13.0", silent)).toEqual(fetched);
  expect(await fetchLibtorch("2.13.0", silent)).toEqual(fetched);
  expect(calls()).toHaveLength(1);
  expect(calls()[0]).toMatch(/^install .*--no-deps torch==2\.13\.0$/);
});

it("lets two that come at once fetch once", async () => {
  machine.program("pip", pip([]));
  const [first, second] = await Promise.all([
    fetchLibtorch("2.13.0", silent),
    fetchLibtorch("2.13.0", silent),
  ]);
  expect(first).toEqual(second);
  expect(calls()).toHaveLength(1);
});

onLinuxX64(
  "fetches the two CUDA libraries that libtorch_cpu is linked with, in the versions it pins",
  async () => {
    const toolkit = 'Requires-Dist: cuda-toolkit[cublas,cudart,cupti]==13.0.3; platform_system == "Linux"';
    machine.program("pip", pip(["Requires-Dist: filelock", toolkit]));
    await fetchLibtorch("2.13.0", silent);
    expect(calls()[1]).toMatch(/ cuda-toolkit\[cudart,cupti\]==13\.0\.3$/);

    const single = ["runtime", "cupti", "nvrtc"].map(
      (name) => `Requires-Dist: nvidia-cuda-${name}-cu12==12.8.90; x`,
    );
    machine.program("pip", pip(single));
    await fetchLibtorch("2.8.0", silent);
    expect(calls()[3]).toMatch(/ nvidia-cuda-runtime-cu12==12\.8\.90 nvidia-cuda-cupti-cu12==12\.8\.90$/);
  },
);

it.runIf(process.platform === "linux")(
  "fetches for another processor what its wheel needs, into a place of its own",
  async () => {
    const arch = process.arch === "arm64" ? "x64" : "arm64";
    const machineName = arch === "arm64" ? "aarch64" : "x86_64";
    const pin = (machine: string) =>
      `Requires-Dist: nvidia-cuda-runtime-cu12==12.8.90; platform_machine == "${machine}"`;
    machine.program("pip", pip([pin("x86_64")]));
    const fetched = await fetchLibtorch("2.8.0", silent, arch);
    expect(fetched.directory).toBe(join(fetchedSitePackages("2.8.0", arch), "torch"));
    expect(existsSync(fetchedTorch("2.8.0"))).toBe(false);
    expect(calls()[0]).toContain(`--platform manylinux_2_28_${machineName}`);
    expect(calls()).toHaveLength(arch === "x64" ? 2 : 1);
  },
);

it.runIf(process.platform === "linux")(
  "fetches the CUDA libraries that a wheel for Arm processors is linked with, too",
  async () => {
    machine.program("pip", pip(["Requires-Dist: cuda-toolkit[cudart,cupti]==13.0.3; platform_system"]));
    await fetchLibtorch("2.13.0", silent, "arm64");
    expect(calls()[1]).toMatch(/ cuda-toolkit\[cudart,cupti\]==13\.0\.3$/);
  },
);

it("uses uv where there is no pip", async () => {
  machine.program("uv", pip([]));
  await fetchLibtorch("2.13.0", silent);
  expect(calls()[0]).toMatch(/^pip install /);
});

it("makes a virtual environment where Python has no pip, and removes it", async () => {
  machine.program(
    "python3",
    `
if (args[1] !== "venv") process.exit(1);
const fs = require("node:fs");
fs.mkdirSync(args[3] + "/bin", { recursive: true });
fs.writeFileSync(args[3] + "/bin/python", "#!" + process.execPath + "\\nconst args = process.argv.slice(4);" + ${JSON.stringify(pip([]))}, { mode: 0o755 });`,
  );
  expect(await fetchLibtorch("2.13.0", silent)).toMatchObject({ version: "2.13.0" });
  expect(existsSync(`${fetchedSitePackages("2.13.0")}.venv`)).toBe(false);
});

it("says what to install when nothing can fetch", async () => {
  await expect(fetchLibtorch("2.13.0", silent)).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: expect.stringMatching(/python3-pip.*LIBTORCH/),
  });
});

it("gives pip's own reason, and leaves nothing that looks complete", async () => {
  machine.program(
    "pip",
    `if (args.includes("--help")) process.exit(0);
console.error("WARNING: retrying\\nERROR: No matching distribution found for torch==9.9.9\\n\\n[notice] A new release of pip");
process.exit(1);`,
  );
  await expect(fetchLibtorch("9.9.9", silent)).rejects.toMatchObject({
    code: "SETUP_FAILED",
    message: "pip could not fetch torch==9.9.9: ERROR: No matching distribution found for torch==9.9.9",
    cause: expect.stringContaining("retrying"),
  });
  expect(existsSync(fetchedTorch("9.9.9"))).toBe(false);
});

it("checks what it fetched", async () => {
  machine.program("pip", pip([], { addContext: "Ss" }));
  await expect(fetchLibtorch("2.6.0", silent)).rejects.toMatchObject({
    message: expect.stringContaining("old C++ ABI"),
  });
  expect(existsSync(fetchedTorch("2.6.0"))).toBe(false);
});

it("does not begin on a disk without room", async () => {
  machine.program("pip", answers(""));
  statfsSync.mockReturnValueOnce({ bavail: 1e5, bsize: 4096 });
  await expect(fetchLibtorch("2.13.0", silent)).rejects.toMatchObject({
    message: expect.stringMatching(/has 0\.4 GB left, but libtorch needs 2\.5 GB; .*TAGFORMER_CACHE/),
  });
});
