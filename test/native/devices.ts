// The devices that tests of the device path run on: the CPU made to compute as a device does, and a GPU where there is one.
import { findDevice } from "../../src/native/device.js";
import type { NativeModelSpec } from "../../src/native/types.js";

export interface TestDevice {
  readonly name: string;
  /** Why it cannot be tested here; `null` when it can. */
  readonly absence: string | null;
  readonly spec: Pick<NativeModelSpec, "device" | "dense">;
}

const absence = await findDevice("cuda").then(
  () => null,
  (error: Error) => error.message,
);

export const devices: readonly TestDevice[] = [
  { name: "the CPU, as a device", absence: null, spec: { device: "cpu", dense: true } },
  { name: "cuda", absence, spec: { device: "cuda" } },
];
