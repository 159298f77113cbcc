// npm test: sets everything up, checks style and types, and runs every test. Arguments go to vitest.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installChromium, localBin, main, node, setUp } from "./steps.mjs";
import { testOnDevice } from "./test-device.mjs";

await main(async () => {
  setUp();
  installChromium();
  node("scripts/parity-python.mjs");
  node("scripts/check.mjs");
  await testOnDevice("tests");
  const directory = mkdtempSync(join(tmpdir(), "tagformer-test-"));
  const results = join(directory, "results.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
    localBin("vitest", "run", "--coverage", ...reporters, ...process.argv.slice(2));
  } finally {
    if (existsSync(results)) printSummary(results); // not when vitest itself could not start
    rmSync(directory, { recursive: true });
  }
});

/** The last line: what a machine reads. */
function printSummary(results) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(results, "utf8"),
  );
  // A file that cannot even be loaded fails without a failed test.
  const unloadable = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  );
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests + unloadable.length} failed${skipped}\n`);
}
