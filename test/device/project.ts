// What of the tests runs on a device, as a project of vitest: scripts/test-device.mjs says whether, and on which.
import { join } from "node:path";
import type { TestProjectInlineConfiguration } from "vitest/config";

/** `npm run test:device`, and in `npm test`. */
const tests = [
  "test/device/**/*.test.ts",
  "test/native/{attribution,device-path,heads,layer-rates,ranks,recorded-steps,torchscript}.test.ts",
  "test/native/engine-{calls,refusals,reproducible,stop,training,weights}.test.ts",
  "test/parity/{architectures,modernbert,recipes,export,torchscript}.test.ts",
  "test/faults/{device-failure,event-loop,files,lifetime,places,torchscript,weights}.test.ts",
  "test/e2e/{evaluate,examples,explain,export,predict,train,tuning}.test.ts",
];

/** In `npm run test:long`. */
const sweeps = ["test/long/device/**/*.test.ts"];

const sets = { tests, sweeps };

/** Nothing where none of the scripts asked for it. */
export function deviceProjects(): TestProjectInlineConfiguration[] {
  const { TAGFORMER_DEVICE_TESTS: which, SIMULATED_DEVICE: folder } = process.env;
  if (which === undefined) return [];
  const simulation = folder === undefined ? null : startedWith(folder);
  return [
    {
      extends: true,
      test: {
        name: "device",
        include: sets[which as keyof typeof sets],
        typecheck: { enabled: false },
        execArgv: simulation?.execArgv ?? [],
        env: { TAGFORMER_TEST_DEVICE: "cuda", ...simulation?.env },
      },
    },
  ];
}

/** How the processes of tests, and those that these start, find the simulated device that was built in `folder`. */
function startedWith(folder: string) {
  const preload = `--require=${join(import.meta.dirname, "../../native/test/simulated_device/preload.cjs")}`;
  const options = [process.env.NODE_OPTIONS, preload].filter(Boolean).join(" ");
  return { execArgv: [preload], env: { SIMULATED_DEVICE: folder, NODE_OPTIONS: options } };
}
