import { defineConfig } from "vitest/config";
import { deviceProjects } from "./test/device/project.js";

export default defineConfig({
  test: {
    // One file at a time: the native tests use every core, and two of them would only wait for each other.
    fileParallelism: false,
    pool: "forks",
    globalSetup: "test/temporary-folder.ts",
    // Only what hangs is ended: ten times what the slowest test takes on a quiet machine of two cores.
    testTimeout: 1_200_000,
    hookTimeout: 1_200_000,
    projects: [
      {
        extends: true,
        test: {
          name: "cpu",
          include: ["test/**/*.test.ts"],
          exclude: ["test/long/**", "test/device/**"],
          typecheck: {
            enabled: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/types/tsconfig.json",
          },
        },
      },
      ...deviceProjects(),
    ],
    coverage: {
      provider: "v8",
      include: ["src/**"],
      reporter: ["text", "html"],
      thresholds: { lines: 90 },
    },
  },
});
