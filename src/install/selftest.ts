// Loads an add-on in a process of its own: one that crashes must not take ours along.
import { lastLines, type Outcome, run } from "./run.js";

/** What the add-on says of itself. */
export interface SelfTest {
  readonly version: string;
  readonly torchVersion: string;
  /** The instruction set of the CPU kernels in use. */
  readonly kernels: string;
  /** The instruction set that libtorch uses. */
  readonly cpuCapability: string;
}

/** Why an add-on does not work here. */
export interface SelfTestFailure {
  readonly problem: string;
  /** All that the process wrote. */
  readonly output: string;
}

const program = "process.stdout.write(JSON.stringify(require(process.argv[1]).selfTest()))";

/** Loads `file` in a child process and lets it multiply two matrices. */
export async function selfTest(file: string): Promise<SelfTest | SelfTestFailure> {
  const outcome = await run(process.execPath, ["-e", program, file]);
  if (outcome.status === 0) return JSON.parse(outcome.stdout) as SelfTest;
  return { problem: diagnose(outcome), output: lastLines(outcome) };
}

/** What there is of CUDA on this machine and in the add-on's libtorch; texts are empty where there is nothing to say. */
export interface CudaInspection {
  /** The newest CUDA that the driver runs, such as `13.0`. */
  readonly driverVersion: string;
  /** Why no GPU can be used. */
  readonly driverProblem: string;
  /** Names of the GPUs, in the order of cuda:0, cuda:1, ... */
  readonly gpus: readonly string[];
  /** libtorch's CUDA library. */
  readonly library: string;
  /** Why it cannot be opened, and what to type. */
  readonly libraryProblem: string;
  /** Our own CUDA library, which only experiments need. */
  readonly ownLibrary: string;
  /** Why that cannot be opened, and what to type. */
  readonly ownLibraryProblem: string;
}

const cudaProgram = "process.stdout.write(JSON.stringify(require(process.argv[1]).inspectCuda()))";

/** Looks for GPUs and opens libtorch's CUDA library, in a child process: it takes half a gigabyte. */
export async function inspectCuda(file: string): Promise<CudaInspection | SelfTestFailure> {
  const outcome = await run(process.execPath, ["-e", cudaProgram, file]);
  if (outcome.status === 0) return JSON.parse(outcome.stdout) as CudaInspection;
  return { problem: diagnose(outcome), output: lastLines(outcome) };
}

/** Known causes, each with what to do about it. */
const causes: readonly (readonly [pattern: RegExp, sentence: (match: RegExpMatchArray) => string])[] = [
  [
    /version `((?:GLIBC|GLIBCXX|CXXABI)_[\d.]+)' not found/,
    ([, symbol]) => `this system's C or C++ library is too old for libtorch (it lacks ${symbol})`,
  ],
  [
    /cannot allocate memory in static TLS block/,
    () =>
      "too many libraries with thread-local memory are loaded; set GLIBC_TUNABLES=glibc.rtld.optional_static_tls=2000000",
  ],
  [/(\S+): cannot open shared object file/, ([, library]) => `the library ${library} is missing`],
  [/undefined symbol: (\S+)/, ([, symbol]) => `libtorch has changed since the build (it lacks ${symbol})`],
];

function diagnose(outcome: Outcome): string {
  if (outcome.signal === "SIGILL") return "it uses instructions that this processor does not have";
  if (outcome.signal) return `it ended with ${outcome.signal}`;
  for (const [pattern, sentence] of causes) {
    const match = outcome.stderr.match(pattern);
    if (match) return sentence(match);
  }
  return outcome.stderr.match(/^(?:\w*Error): (.*)$/m)?.[1] ?? `it ended with status ${outcome.status}`;
}
