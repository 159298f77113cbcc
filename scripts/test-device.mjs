// npm run test:device: the tests of the device path, on a GPU where there is one, otherwise on the simulated device
// (native/test/simulated_device). Arguments go to vitest.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main, root, run, say, setUp } from "./steps.mjs";

/** Runs the tests; `parameters` go to vitest. The project is set up. */
export async function testDevice(...parameters) {
  const vitest = ["run", "--config", "vitest.device.config.ts", "--typecheck.enabled=false", ...parameters];
  let environment = {};
  if (hasGpu()) {
    say("testing on the GPU");
  } else {
    say("testing on the simulated device: there is no GPU");
    const { buildSimulatedDevice, simulatedDeviceEnvironment } = await import("./simulated-device.mjs");
    buildSimulatedDevice();
    environment = simulatedDeviceEnvironment();
  }
  Object.assign(process.env, environment, { TAGFORMER_TEST_DEVICE: "cuda" });
  run(process.execPath, join("node_modules", "vitest", "vitest.mjs"), ...vitest);
}

/** In a process of its own: it would open libtorch's CUDA library in this one. */
function hasGpu() {
  const device = JSON.stringify(new URL("../dist/native/device.js", import.meta.url).href);
  const code = `import { findDevice } from ${device}; await findDevice("cuda");`;
  const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    cwd: root,
    stdio: "ignore",
  });
  return status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    setUp();
    await testDevice(...process.argv.slice(2));
  });
}
