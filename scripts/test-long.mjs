// npm run test:long: sets everything up and runs the tests that take too long for npm test. Arguments go to vitest.
import { localBin, main, node, setUp } from "./steps.mjs";
import { testOnDevice } from "./test-device.mjs";

await main(async () => {
  setUp();
  node("scripts/parity-python.mjs", "--transformers-4");
  await testOnDevice("sweeps");
  localBin("vitest", "run", "--config", "vitest.long.config.ts", ...process.argv.slice(2));
});
