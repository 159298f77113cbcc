// A model that was trained for a second, and rows that it has not seen.
import { join } from "node:path";
import type { Dataset } from "../../src/data/dataset.js";
import { testDevice } from "../test-device.js";
import { csvOf, finish, temporaryFolder, tinyDataset, tinyRun } from "../unit/training/tiny-run.js";
import { buildCommand, write } from "./command.js";

export interface Trained {
  /** The model's directory. */
  readonly directory: string;
  /** The flags with which a command takes it. They name the device: of `auto` a command would say what it chose. */
  readonly flags: readonly string[];
  /** Rows that it was not trained on. */
  readonly data: Dataset & { readonly texts: readonly string[] };
  /** The same as a CSV file. */
  readonly table: string;
}

/** Builds the command, and trains a model; for `beforeAll`. */
export async function trained(rows: number): Promise<Trained> {
  buildCommand();
  const { directory } = (await finish(tinyRun())).end;
  const data = tinyDataset(rows, 2);
  const table = write(join(temporaryFolder(), "data.csv"), csvOf(data));
  const flags = ["--model", directory, "--threads", "1", "--device", testDevice];
  return { directory, flags, data, table };
}
