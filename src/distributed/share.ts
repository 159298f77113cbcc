// What each of the processes of one machine has of it: a GPU of its own, or its part of the cores.
import { invalidOption } from "../base/errors.js";
import { grantedCores } from "../native/cores.js";
import { countGpus, findDevice } from "../native/device.js";

/** Where a process stands among those of its machine. */
interface LocalPlace {
  readonly localRank: number;
  readonly localSize: number;
}

interface Computing {
  readonly device: string;
  readonly threads: number;
}

/**
 * Where a process computes that shares its machine with others: what was left open is dealt out.
 *
 * @throws TagformerError `INVALID_OPTION` when there are not enough GPUs, unless `share` lets several processes have one
 */
export async function shareOfMachine<T extends Computing>(
  options: T,
  { localRank, localSize }: LocalPlace,
  { share }: { readonly share: boolean },
): Promise<T> {
  const threads = options.threads || Math.max(1, Math.floor(grantedCores() / localSize));
  if (options.device === "cpu" || options.device.includes(":")) return { ...options, threads };
  const gpus = (await findDevice(options.device)) === "cpu" ? 0 : await countGpus();
  if (gpus === 0) return { ...options, threads };
  if (!share && gpus < localSize) {
    throw invalidOption(
      `${localSize} processes are to train on ${gpus} GPU${gpus === 1 ? "" : "s"} of this machine; start at most ${gpus}, or give --device cpu`,
    );
  }
  return { ...options, threads, device: `cuda:${localRank % gpus}` };
}
