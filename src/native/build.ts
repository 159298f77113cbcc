// What decides, besides the options, which bits a model's results have.
import { loadAddon } from "./addon.js";

/** The libtorch and the instruction sets that compute in this process. */
interface NativeBuild {
  readonly torchVersion: string;
  /** The instruction set of our kernels. */
  readonly kernels: string;
  /** Of our kernels, and of libtorch's own operations. */
  readonly instructions: string;
}

export async function nativeBuild(): Promise<NativeBuild> {
  const { torchVersion, kernels, cpuCapability } = await loadAddon();
  return { torchVersion, kernels, instructions: `${kernels}, ${cpuCapability}` };
}
