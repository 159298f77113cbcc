// node scripts/bench/calls.mjs MODEL [--precision fp32] [--calls 512] [--open 1,8,64,512]: calls of one short text each, as a
// service makes them: how many a second, and how long one takes, when a given number is open at a time.
import { parseArgs } from "node:util";
import { Classifier } from "../../dist/index.js";
import { writeTickets } from "../../examples/quickstart/tickets.mjs";
import { main } from "../steps.mjs";
import { describeMachine, warnIfBusy } from "./machine.mjs";
import { count } from "./plan.mjs";
import { terminalTable } from "./tables.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    precision: { type: "string", default: "fp32" },
    calls: { type: "string" },
    open: { type: "string", default: "1,8,64,512" },
  },
});

/** Milliseconds of each call, and of all, when `open` callers ask one text after the other. */
async function serve(classifier, texts, open) {
  const durations = [];
  const waiting = texts.values();
  const started = performance.now();
  const caller = async () => {
    for (const text of waiting) {
      const asked = performance.now();
      await classifier.predict(text);
      durations.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: open }, caller));
  return { durations: durations.sort((a, b) => a - b), whole: performance.now() - started };
}

await main(async () => {
  const calls = count("calls", values.calls, 512);
  const texts = writeTickets(calls, 1).map(({ text }) => text);
  warnIfBusy(describeMachine());
  const classifier = await Classifier.load(positionals[0], { precision: values.precision });
  await classifier.predict(texts.slice(0, 64)); // warms up
  const rows = [];
  for (const open of values.open.split(",").map((text) => count("open", text, 1))) {
    const { durations, whole } = await serve(classifier, texts, open);
    const share = (part) => durations[Math.floor(part * (calls - 1))].toFixed(1);
    rows.push([`${open}`, ((calls / whole) * 1000).toFixed(0), share(0.5), share(0.99)]);
  }
  await classifier.dispose();
  process.stdout.write(terminalTable([["open at once", "calls/s", "median ms", "99 % below ms"], ...rows]));
});
