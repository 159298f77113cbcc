// Reads inputs, as many as asked: node child.mjs TARGET SEED FIRST COUNT DIRECTORY
// Input number N is the same whatever was read before. The number is written to DIRECTORY/number before each, so that the
// one that ended the process is known. Every line on stdout is an input that did what none may do.
import { mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { generator } from "../../dist/base/random.js";
import { targets } from "./targets.mjs";

const [name, seed, first, count, directory] = process.argv.slice(2);
const slowMilliseconds = 1000;

mkdirSync(directory, { recursive: true });
const progress = openSync(join(directory, "number"), "w");
await targets[name].prepare?.();
let accepted = 0;
for (let number = Number(first); number < Number(first) + Number(count); number++) {
  const input = targets[name].make(generator(Number(seed), `${name} ${number}`));
  writeSync(progress, String(number).padEnd(12), 0);
  const started = process.cpuUsage();
  try {
    await targets[name].read(input, join(directory, "input"));
    accepted++;
  } catch (error) {
    if (error?.name !== "TagformerError" || error.code === "INTERNAL")
      tell(number, input, error?.stack ?? String(error));
  }
  const { user, system } = process.cpuUsage(started); // other processes may be in the way
  const milliseconds = (user + system) / 1000;
  if (milliseconds > slowMilliseconds) tell(number, input, `took ${Math.round(milliseconds)} ms`);
}
process.stdout.write(`${JSON.stringify({ accepted, rss: process.memoryUsage.rss() })}\n`);

function tell(number, input, problem) {
  process.stdout.write(
    `${JSON.stringify({ number, problem, input: input.toString("latin1").slice(0, 2000) })}\n`,
  );
}
