// Which of several processes this is, by what launchers say.
import { describe, expect, it } from "vitest";
import { findLaunch, firstHost } from "../../../src/distributed/launch.js";

const torchrun = {
  RANK: "3",
  WORLD_SIZE: "4",
  LOCAL_RANK: "1",
  LOCAL_WORLD_SIZE: "2",
  MASTER_ADDR: "node-1",
  MASTER_PORT: "29500",
};

describe("auto", () => {
  it("believes PyTorch's variables, and only when all are there", () => {
    const launch = {
      rank: 3,
      size: 4,
      localRank: 1,
      localSize: 2,
      source: "the environment (RANK, WORLD_SIZE)",
    };
    const meeting = { host: "node-1", port: 29500, served: false };
    expect(findLaunch("auto", torchrun)).toEqual({ ...launch, meeting });
    expect(findLaunch("auto", { ...torchrun, TORCHELASTIC_USE_AGENT_STORE: "True" })).toEqual({
      ...launch,
      meeting: { ...meeting, served: true },
    });
    expect(findLaunch("auto", {})).toBeNull();
    expect(findLaunch("auto", { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2" })).toBeNull();
    expect(findLaunch("auto", { SLURM_PROCID: "0", SLURM_NTASKS: "2", SLURM_NODELIST: "a" })).toBeNull();
    expect(findLaunch("auto", { RANK: "0", WORLD_SIZE: "1" })).toBeNull();
    expect(() => findLaunch("auto", { RANK: "0", WORLD_SIZE: "2" })).toThrow(
      "this is process 0 of 2 (RANK, WORLD_SIZE), but not where they meet: set MASTER_ADDR and MASTER_PORT, or",
    );
  });

  it("takes a process of a pod, of which there is one on a machine", () => {
    const { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT } = torchrun;
    expect(findLaunch("auto", { RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT })).toMatchObject({
      rank: 3,
      localRank: 0,
      localSize: 1,
    });
  });

  it("takes the file of tagformer train --processes", () => {
    const environment = {
      ...torchrun,
      LOCAL_RANK: "3",
      LOCAL_WORLD_SIZE: "4",
      TAGFORMER_MEETING_FILE: "/tmp/m",
    };
    expect(findLaunch("auto", environment)).toMatchObject({ meeting: { file: "/tmp/m" } });
  });

  it.each([
    [{ RANK: "x" }, 'RANK in the environment is "x"'],
    [{ RANK: "4" }, "this is process 4 of 4"],
    [{ LOCAL_RANK: "2" }, "and 2 of 2 on its machine"],
  ])("refuses %o", (changes, message) => {
    expect(() => findLaunch("auto", { ...torchrun, ...changes })).toThrow(message);
  });
});

it("off trains alone whatever the environment says", () => {
  expect(findLaunch("off", torchrun)).toBeNull();
});

describe("mpi", () => {
  const openMpi = {
    OMPI_COMM_WORLD_RANK: "1",
    OMPI_COMM_WORLD_SIZE: "2",
    OMPI_COMM_WORLD_LOCAL_RANK: "1",
    OMPI_COMM_WORLD_LOCAL_SIZE: "2",
  };

  it("meets on this machine where all are on it", () => {
    expect(findLaunch("mpi", openMpi)).toMatchObject({
      rank: 1,
      size: 2,
      localRank: 1,
      localSize: 2,
      meeting: { host: "127.0.0.1", port: 29500 },
    });
  });

  it("must be told where rank 0 is otherwise", () => {
    const two = { ...openMpi, OMPI_COMM_WORLD_LOCAL_SIZE: "1", OMPI_COMM_WORLD_LOCAL_RANK: "0" };
    expect(() => findLaunch("mpi", two)).toThrow("mpirun -x MASTER_ADDR=HOST");
    expect(findLaunch("mpi", { ...two, MASTER_ADDR: "a" })).toMatchObject({ meeting: { host: "a" } });
  });

  it("knows MPICH's variables, and says where there are none", () => {
    expect(
      findLaunch("mpi", { PMI_RANK: "0", PMI_SIZE: "2", MPI_LOCALRANKID: "0", MPI_LOCALNRANKS: "2" }),
    ).toMatchObject({ size: 2 });
    expect(() => findLaunch("mpi", {})).toThrow("start the processes with mpirun");
  });
});

describe("slurm", () => {
  const srun = {
    SLURM_PROCID: "5",
    SLURM_NTASKS: "6",
    SLURM_LOCALID: "1",
    SLURM_NODEID: "2",
    SLURM_TASKS_PER_NODE: "2(x3)",
    SLURM_NODELIST: "gpu[07-09]",
    SLURM_JOB_ID: "1234567",
  };

  it("meets at the first host, on a port of the job", () => {
    expect(findLaunch("slurm", srun)).toMatchObject({
      rank: 5,
      size: 6,
      localRank: 1,
      localSize: 2,
      meeting: { host: "gpu07", port: 15000 + 4567, served: false },
    });
    expect(findLaunch("slurm", { ...srun, MASTER_ADDR: "b", MASTER_PORT: "7" })).toMatchObject({
      meeting: { host: "b", port: 7 },
    });
    expect(() => findLaunch("slurm", {})).toThrow("start the processes with srun");
  });

  it.each([
    ["a", "a"],
    ["a,b", "a"],
    ["a[01-04,7]", "a01"],
    ["rack[3,5]-x,b", "rack3-x"],
  ])("%s begins with %s", (list, first) => {
    expect(firstHost(list)).toBe(first);
  });
});

it("the option itself may say it", () => {
  expect(findLaunch({ rank: 1, size: 2, master: "[::1]:80" }, {})).toMatchObject({
    rank: 1,
    localRank: 0,
    localSize: 1,
    meeting: { host: "[::1]", port: 80 },
  });
  expect(findLaunch({ rank: 0, size: 1, master: "a:80" }, {})).toBeNull();
});
