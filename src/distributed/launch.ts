// Which of several processes this one is, and where they meet: what launchers say in the environment.
import { invalidOption } from "../base/errors.js";
import type { ResolvedDistributedOptions } from "../options/distributed.js";

/** Where a process stands among those that train one model. */
export interface Launch {
  /** From 0. */
  readonly rank: number;
  /** Number of processes. */
  readonly size: number;
  /** Among those of this machine. */
  readonly localRank: number;
  readonly localSize: number;
  readonly meeting: MeetingPlace;
  /** Who says so, as a sentence names it. */
  readonly source: string;
}

/** Where the processes find each other. */
type MeetingPlace =
  | {
      /** A fresh file of one machine. */
      readonly file: string;
    }
  | {
      readonly file?: undefined;
      readonly host: string;
      readonly port: number;
      /** torchrun's agent serves the store already; otherwise rank 0 does. */
      readonly served: boolean;
    };

type Environment = Readonly<NodeJS.ProcessEnv>;

/** Where `tagformer train --processes` names the file in which its processes meet. */
export const meetingFileVariable = "TAGFORMER_MEETING_FILE";

const defaultPort = "29500";

/**
 * What the option `distributed` finds; `null` where this process trains alone.
 *
 * @throws TagformerError `INVALID_OPTION` that names what the environment lacks
 */
export function findLaunch(
  option: ResolvedDistributedOptions["distributed"],
  environment: Environment = process.env,
): Launch | null {
  if (option === "off") return null;
  const launch = launchOf(option, environment);
  if (launch === null || launch.size === 1) return null;
  const { rank, size, localRank, localSize, source } = launch;
  if (rank < size && localRank < localSize && localSize <= size) return launch;
  throw invalidOption(
    `${source} says that this is process ${rank} of ${size}, and ${localRank} of ${localSize} on its machine; expected numbers from 0, below those of all`,
  );
}

function launchOf(
  option: Exclude<ResolvedDistributedOptions["distributed"], "off">,
  environment: Environment,
): Launch | null {
  if (option === "auto") return fromPyTorch(environment);
  if (option === "mpi") return fromMpi(environment);
  if (option === "slurm") return fromSlurm(environment);
  const { rank, size, localRank = 0, localSize = 1, master } = option;
  const colon = master.lastIndexOf(":");
  const meeting = { host: master.slice(0, colon), port: Number(master.slice(colon + 1)), served: false };
  return { rank, size, localRank, localSize, meeting, source: "option distributed" };
}

/** The variables of torchrun, the PyTorchJob of Kubeflow, and our own launcher. */
function fromPyTorch(environment: Environment): Launch | null {
  const { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, [meetingFileVariable]: file } = environment;
  if (RANK === undefined || WORLD_SIZE === undefined || WORLD_SIZE === "1") return null;
  const missing = Object.entries({ MASTER_ADDR, MASTER_PORT }).filter(([, value]) => !value);
  if (file === undefined && missing.length > 0) {
    throw invalidOption(
      `the environment says that this is process ${RANK} of ${WORLD_SIZE} (RANK, WORLD_SIZE), but not where they meet: set ${missing.map(([name]) => name).join(" and ")}, or train in each process by itself with --distributed off`,
    );
  }
  const number = (name: string, fallback?: string) => wholeNumber(environment, name, fallback);
  return {
    rank: number("RANK"),
    size: number("WORLD_SIZE"),
    // A PyTorchJob has one process in a pod, and no such variables.
    localRank: number("LOCAL_RANK", "0"),
    localSize: number("LOCAL_WORLD_SIZE", "1"),
    meeting:
      file === undefined
        ? {
            host: MASTER_ADDR!,
            port: number("MASTER_PORT"),
            served: environment.TORCHELASTIC_USE_AGENT_STORE === "True",
          }
        : { file },
    source: file === undefined ? "the environment (RANK, WORLD_SIZE)" : "tagformer train --processes",
  };
}

/** What MPI's launchers call rank, size, rank on the machine and size there. */
const mpiVariables = [
  [
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
  ],
  ["MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK", "MV2_COMM_WORLD_LOCAL_SIZE"],
  ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"],
] as const;

function fromMpi(environment: Environment): Launch {
  const names = mpiVariables.find(([rank]) => environment[rank] !== undefined);
  if (names === undefined) {
    throw invalidOption(
      `option distributed is mpi, but the environment has none of ${mpiVariables.map(([rank]) => rank).join(", ")}: start the processes with mpirun`,
    );
  }
  const [rank, size, localRank, localSize] = names.map((name, i) =>
    wholeNumber(environment, name, i < 2 ? undefined : String(3 - i)),
  ) as [number, number, number, number];
  if (environment.MASTER_ADDR === undefined && localSize !== size) {
    throw invalidOption(
      "option distributed is mpi, and the processes are on several machines: say where rank 0 is, with `mpirun -x MASTER_ADDR=HOST`",
    );
  }
  const meeting = {
    host: environment.MASTER_ADDR ?? "127.0.0.1",
    port: wholeNumber(environment, "MASTER_PORT", defaultPort),
    served: false,
  };
  return { rank, size, localRank, localSize, meeting, source: `mpirun (${names[0]})` };
}

function fromSlurm(environment: Environment): Launch {
  const { SLURM_PROCID, SLURM_NODELIST, SLURM_STEP_NODELIST = SLURM_NODELIST } = environment;
  if (SLURM_PROCID === undefined || SLURM_STEP_NODELIST === undefined) {
    throw invalidOption(
      "option distributed is slurm, but the environment has no SLURM_PROCID and SLURM_NODELIST: start the processes with srun",
    );
  }
  const number = (name: string, fallback?: string) => wholeNumber(environment, name, fallback);
  const size = number("SLURM_NTASKS");
  const meeting = {
    host: environment.MASTER_ADDR ?? firstHost(SLURM_STEP_NODELIST),
    // Another job on the same machine has another number.
    port: number("MASTER_PORT", String(15_000 + (number("SLURM_JOB_ID", "0") % 10_000))),
    served: false,
  };
  return {
    rank: number("SLURM_PROCID"),
    size,
    localRank: number("SLURM_LOCALID", "0"),
    localSize: tasksHere(environment, size),
    meeting,
    source: "srun (SLURM_PROCID)",
  };
}

/** Tasks of this machine, of a list such as `2(x3),1`. */
function tasksHere({ SLURM_TASKS_PER_NODE, SLURM_NODEID }: Environment, size: number): number {
  const counts = (SLURM_TASKS_PER_NODE ?? "").split(",").flatMap((part) => {
    const [, tasks, times = "1"] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return tasks === undefined ? [] : Array<number>(Number(times)).fill(Number(tasks));
  });
  return Math.min(size, counts[Number(SLURM_NODEID ?? 0)] ?? counts[0] ?? 1);
}

/** The first host of a list such as `a[01-04,7],b`: here `a01`. */
export function firstHost(list: string): string {
  const [, prefix, first = "", suffix = ""] = /^([^,[]+)(?:\[([^\],-]+)[^\]]*\]([^,]*))?/.exec(list) ?? [];
  return prefix === undefined ? list : `${prefix}${first}${suffix}`;
}

function wholeNumber(environment: Environment, name: string, fallback?: string): number {
  const text = environment[name] ?? fallback;
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  throw invalidOption(
    `${name} in the environment is ${text === undefined ? "not set" : `"${text}"`}; expected a whole number, as the launcher of several processes sets it`,
  );
}
