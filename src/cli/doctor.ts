// `tagformer doctor`
import { type Check, diagnose } from "../install/doctor.js";

const marks = { ok: "ok    ", note: "-     ", failed: "FAILED" } as const;

/** Prints every check; the exit status is 1 when one failed. */
export async function runDoctor({ json }: { readonly json?: boolean | undefined }): Promise<void> {
  const checks = await diagnose();
  process.stdout.write(json ? `${JSON.stringify({ checks })}\n` : renderChecks(checks));
  if (checks.some(({ status }) => status === "failed")) process.exitCode = 1;
}

function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, found }) => `${marks[status]} ${name.padEnd(width)}  ${found}\n`)
    .join("");
}
