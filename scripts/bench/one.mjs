// node scripts/bench/one.mjs MODEL TASK CONTESTANT [--samples N] [--threads N] [--request]: samples of a single contestant as
// JSON, such as `base train bf16`, to see at once what a change of a kernel gives. With --request it prints the command that
// takes a sample, for a profiler.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ensureParityPython } from "../parity-python.mjs";
import { main } from "../steps.mjs";
import { contestants } from "./contestants.mjs";
import { workloadFlops } from "./flops.mjs";
import { count } from "./plan.mjs";
import { commandOf, runContestant } from "./processes.mjs";
import { models, tasksOf, works } from "./protocol.mjs";
import { makeRequests } from "./session.mjs";
import { median } from "./statistics.mjs";

const usage = `node scripts/bench/one.mjs MODEL TASK CONTESTANT [--samples N] [--threads N] [--request]
  MODEL       ${Object.keys(models).join(", ")}
  TASK        ${works.join(", ")}
  CONTESTANT  ${Object.keys(contestants).join(", ")}
`;

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      samples: { type: "string" },
      threads: { type: "string" },
      request: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const [model, name, key] = positionals;
  const task = model in models ? tasksOf([model], [name])[0] : undefined;
  if (values.help || !task || !(key in contestants)) return void process.stdout.write(usage);
  const threads = count("threads", values.threads, availableParallelism());
  const samples = count("samples", values.samples, 1);
  await ensureParityPython();
  const { requestOf, lengthsOf } = await makeRequests([model], threads);
  const request = requestOf(task);
  if (values.request) return void process.stdout.write(`${shellCommand(key, request)}\n`);
  const lengths = lengthsOf(task);
  const taken = [];
  for (let i = 0; i < samples; i++) taken.push(await runContestant(contestants[key], request));
  process.stdout.write(
    `${JSON.stringify(figures(taken, lengths, workloadFlops(models[model], lengths, task.work)), null, 2)}\n`,
  );
});

function shellCommand(key, request) {
  const { program, ...contestant } = contestants[key];
  return `${commandOf(program).join(" ")} '${JSON.stringify({ ...contestant, ...request })}'`;
}

function figures(samples, lengths, flops) {
  const seconds = median(samples.map((sample) => median(sample.seconds)));
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return {
    seconds,
    tokensPerSecond: tokens / seconds,
    gigaflops: flops / seconds / 1e9,
    megabytes: median(samples.map(({ peakMemory }) => peakMemory)) / 1e6,
    samples,
  };
}
