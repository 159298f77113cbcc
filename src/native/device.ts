// Where a model computes, and how it may there.
import { loadAddon, settle } from "./addon.js";
import { grantedCores } from "./cores.js";

/**
 * Checks that the device asked for is there, before anything is read or fetched for it.
 *
 * @throws TagformerError `DEVICE_UNAVAILABLE`: never a silent fall-back to another device
 */
export async function checkDevice(device: string): Promise<void> {
  if (device !== "auto" && device !== "cpu") await findDevice(device);
}

/**
 * What computes on a GPU only when it is asked for: the names in `TAGFORMER_EXPERIMENTAL`, with commas between them. The
 * engine knows them, and docs/cuda.md says what they do.
 */
export function experiments(): string[] {
  return (process.env.TAGFORMER_EXPERIMENTAL ?? "").split(",").flatMap((name) => name.trim() || []);
}

/** GPUs that the driver has; 0 where there is none. */
export async function countGpus(): Promise<number> {
  return (await loadAddon()).countGpus();
}

/**
 * The device that a model asked to compute on `device` would get.
 *
 * @throws TagformerError `DEVICE_UNAVAILABLE`, with what was found and what to type
 */
export async function findDevice(device: string): Promise<string> {
  const { Session } = await loadAddon();
  const session = new Session({ threads: 1, cores: grantedCores() });
  try {
    return await settle(session.findDevice(device));
  } finally {
    await session.dispose();
  }
}
