// npm run quickstart: from a fresh clone to a trained classifier.
import { main, node, setUp } from "./steps.mjs";

await main(() => {
  setUp();
  node("examples/quickstart/run.mjs", ...process.argv.slice(2));
});
