// npm run test:device: the tests of the device path, on a GPU where there is one, otherwise on the simulated device
// (native/test/simulated_device). Arguments go to vitest.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildSimulatedDevice } from "./simulated-device.mjs";
import { localBin, main, root, say, setUp } from "./steps.mjs";

/** Has vitest run the tests of test/device/project.ts that are called `which`, on a device. The project is set up. */
export async function testOnDevice(which) {
  process.env.TAGFORMER_DEVICE_TESTS = which;
  if (hasGpu()) {
    say("the tests of the device path run on the GPU");
  } else {
    say("the tests of the device path run on the simulated device: there is no GPU");
    process.env.SIMULATED_DEVICE = await buildSimulatedDevice();
  }
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
    await testOnDevice("tests");
    localBin("vitest", "run", "--project", "device", ...process.argv.slice(2));
  });
}
