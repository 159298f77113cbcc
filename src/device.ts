// Where a model computes.
import { findDevice } from "./native.js";

/**
 * Checks that the device asked for is there, before anything is read or fetched for it.
 *
 * @throws TagformerError `DEVICE_UNAVAILABLE`: never a silent fall-back to another device
 */
export async function checkDevice(device: string): Promise<void> {
  if (device !== "auto" && device !== "cpu") await findDevice(device);
}
