// npm run bench: training and prediction against tagformer's peers, on the same weights and texts. Every sample is a process
// of its own, and the contestants take turns. Figures go to stdout, progress to stderr.
import { availableParallelism } from "node:os";
import { help, readOptions } from "./bench/plan.mjs";
import { ensureParityPython } from "./parity-python.mjs";
import { main, setUp } from "./steps.mjs";

await main(async () => {
  const options = readOptions(process.argv.slice(2), availableParallelism());
  if (options.help) return void process.stdout.write(help);
  setUp();
  await ensureParityPython();
  const { runProtocol } = await import("./bench/session.mjs");
  const { publish } = await import("./bench/publish.mjs"); // needs dist
  process.once("SIGINT", () => process.exit(130));
  const works = options.works.filter((work) => work !== "serve");
  if (works.length > 0) {
    const { report, file } = await runProtocol({ ...options, works });
    await publish([report], file, options);
  }
  if (works.length < options.works.length) {
    const { benchServing } = await import("./bench/serving/session.mjs");
    await benchServing(options);
  }
});
