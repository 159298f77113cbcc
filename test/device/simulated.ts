// The simulated device (native/test/simulated_device) as tests ask it: what was counted, and which failures it should have.
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { CallOptions } from "../../src/base/cancel.js";

/** How often something happened since the process began; of bytes: what is held now. */
export interface Counters {
  readonly kernels: number;
  /** Kernels that only copy or convert. */
  readonly copiesOnDevice: number;
  readonly uploads: number;
  readonly waitingUploads: number;
  readonly downloads: number;
  readonly waitingDownloads: number;
  /** Times that the host read one number. */
  readonly scalars: number;
  /** Other times that the host waited. */
  readonly waits: number;
  readonly allocations: number;
  readonly replays: number;
  /** Pools of memory that recordings were given. */
  readonly pools: number;
  readonly bytes: number;
  readonly peakBytes: number;
  readonly pinnedBytes: number;
}

interface SimulatedDevice {
  counters(): Counters;
  /** Bytes of memory that there are; less than 0: no limit. */
  limitMemory(bytes: number): void;
  /** The allocation that finds no memory, counted from 0, once; less than 0: none. */
  failAllocation(index: number): void;
  /** The kernel that breaks the device, counted from 0; less than 0: none. */
  failKernel(index: number): void;
  /** The device works again. */
  repair(): void;
  /** `peakBytes` begins at what is held now. */
  resetPeak(): void;
}

const folder = process.env.SIMULATED_DEVICE;

function load(directory: string): SimulatedDevice {
  const module = { exports: {} };
  process.dlopen(module, join(directory, "control.node"));
  return module.exports as SimulatedDevice;
}

/** The device of this process; `null` where tests compute on a GPU or there is neither. */
export const simulated: SimulatedDevice | null = folder === undefined ? null : load(folder);

/** Where it was built. */
export const simulatedFolder = folder;

/** What `work` added to each counter. */
export async function counted(device: SimulatedDevice, work: () => Promise<unknown>): Promise<Counters> {
  const before = device.counters();
  await work();
  const after = device.counters();
  const difference = Object.entries(after).map(([name, value]) => [
    name,
    value - before[name as keyof Counters],
  ]);
  return Object.fromEntries(difference) as unknown as Counters;
}

/** What became of a call that was given up: its result where it was done before, or its error. */
export interface GivenUp<T> {
  readonly result: T | null;
  readonly error: unknown;
  /** What the call was given up for. */
  readonly reason: unknown;
  /** Launched after that. */
  readonly kernels: number;
}

/** Gives a call up when it has launched so many kernels. */
export async function giveUpAfter<T>(
  device: SimulatedDevice,
  kernels: number,
  call: (options: CallOptions) => Promise<T>,
): Promise<GivenUp<T>> {
  const launched = () => device.counters().kernels;
  const controller = new AbortController();
  const begun = launched();
  let isOver = false;
  const outcome = call({ signal: controller.signal })
    .then(
      (result) => ({ result, error: null }),
      (error: unknown) => ({ result: null, error }),
    )
    .finally(() => {
      isOver = true;
    });
  while (!isOver && launched() - begun < kernels) await setImmediate();
  controller.abort(new Error("enough"));
  const atAbort = launched();
  return { ...(await outcome), reason: controller.signal.reason, kernels: launched() - atAbort };
}
