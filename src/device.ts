// Where a model computes, and how it may there.
import { findDevice } from "./native.js";

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
