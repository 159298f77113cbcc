// What takes too long for every run: npm run test:long.
import { defineConfig } from "vitest/config";
import { deviceProjects } from "./test/device/project.js";

export default defineConfig({
  test: {
    fileParallelism: false,
    pool: "forks",
    globalSetup: "test/temporary-folder.ts",
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    projects: [
      {
        extends: true,
        test: { name: "cpu", include: ["test/long/**/*.test.ts"], exclude: ["test/long/device/**"] },
      },
      ...deviceProjects(),
    ],
  },
});
