// What a launcher is told of a process that failed.
import { writeFile } from "node:fs/promises";

/**
 * Writes down why this process fails where torchrun looks for it: of all processes the one that failed first is named in
 * torchrun's summary, with this text, as the root cause. What it prints is `py_callstack` (torch.distributed.elastic's
 * `ErrorHandler`, libtorch 2.13). Nothing happens without torchrun.
 */
export async function reportFailure(
  error: unknown,
  { TORCHELASTIC_ERROR_FILE: file }: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<void> {
  if (!file) return;
  const message = error instanceof Error ? error.message : String(error);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const report = { message: { message, extraInfo: { py_callstack: message, timestamp } } };
  // A full disk must not hide the error itself, which the caller is given.
  await writeFile(file, JSON.stringify(report)).catch(() => {});
}
