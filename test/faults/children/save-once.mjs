// Saves a model into a directory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Classifier } from "../../../dist/index.js";
import { workWithFaults } from "./faulty.mjs";

const classifier = await Classifier.load(process.argv[2], { threads: 1 });

// What libtorch reads of the system when it first works is read by now: faults are to come to the save.
const first = await mkdtemp(join(tmpdir(), "tagformer-first-"));
await classifier.save(join(first, "model"));
await rm(first, { recursive: true });
await workWithFaults(
  async (target) => () => classifier.save(target),
  (error) => error.code === "IO",
);
