// The tests that scripts/test-device.mjs runs on a device.
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

export default mergeConfig(
  { ...base, test: { ...base.test, include: [], coverage: { enabled: false } } },
  defineConfig({
    test: {
      include: ["test/device/**/*.test.ts", "test/native/device-path.test.ts"],
      // Each of its processes is started with the simulated device, and the coverage of their sources is no aim here.
      execArgv: process.env.SIMULATED_DEVICE
        ? ["--require", "./native/test/simulated_device/preload.cjs"]
        : [],
    },
  }),
);
