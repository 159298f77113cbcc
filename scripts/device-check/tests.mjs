// The tests of npm run test:device where tagformer is set up and nothing can be installed.
import { main, node } from "../steps.mjs";
import { testOnDevice } from "../test-device.mjs";

await main(async () => {
  await testOnDevice("tests");
  node("node_modules/vitest/vitest.mjs", "run", "--project", "device");
});
