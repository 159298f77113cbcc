// What takes too long for every run: npm run test:long.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/long/**/*.test.ts"],
    fileParallelism: false,
    pool: "forks",
    globalSetup: "test/temporary-folder.ts",
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
  },
});
