// Where a model computes.
import { TagformerError } from "./errors.js";

/**
 * Checks that the device asked for is there. `auto` takes the best there is.
 *
 * @throws TagformerError `DEVICE_UNAVAILABLE`: never a silent fall-back to another device
 */
export function checkDevice(device: string): void {
  if (device === "auto" || device === "cpu") return;
  throw new TagformerError(
    "DEVICE_UNAVAILABLE",
    `device ${device} is not available: this version of tagformer computes on the CPU; use --device cpu or auto`,
  );
}
