import { defineConfig } from "vitest/config";
import { deviceProjects } from "./test/device/project.js";

export default defineConfig({
  test: {
    // One file at a time, but for unit tests: the others use every core, and two of them would only wait for each other.
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
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          typecheck: {
            enabled: true,
            include: ["test/types/**/*.test-d.ts"],
            tsconfig: "test/types/tsconfig.json",
          },
        },
      },
      {
        extends: true,
        test: {
          name: "cpu",
          include: ["test/**/*.test.ts"],
          exclude: ["test/unit/**", "test/long/**", "test/device/**"],
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
