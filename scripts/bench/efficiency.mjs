// node scripts/bench/efficiency.mjs [--step-seconds 4.9] [--megabytes 344] [--network-share 0.8]: arithmetic, no measurement. How much of N
// machines a training uses when each computes a step's share in 1/N of the time that one takes, and then sends 2 (N - 1) / N of
// the gradients through a ring.
import { parseArgs } from "node:util";
import { efficiencyOf } from "./ring.mjs";

const { values } = parseArgs({
  options: {
    "step-seconds": { type: "string", default: "4.9" },
    megabytes: { type: "string", default: "344" },
    "network-share": { type: "string", default: "0.8" },
  },
});
const [seconds, megabytes, share] = ["step-seconds", "megabytes", "network-share"].map((name) =>
  Number(values[name]),
);
const gigabits = [10, 25, 100];
console.log(
  `a step of ${seconds} s on one machine, ${megabytes} MB of gradients, ${100 * share} % of the network's rate:`,
);
console.log(["machines", ...gigabits.map((rate) => `${rate} Gbit/s`)].join("\t"));
for (const machines of [2, 4, 8, 16, 32]) {
  const cells = gigabits.map(
    (rate) =>
      `${(100 * efficiencyOf({ machines, seconds, megabytes, megabytesPerSecond: (rate * 1000 * share) / 8 })).toFixed(0)} %`,
  );
  console.log([machines, ...cells].join("\t"));
}
