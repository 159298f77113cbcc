// Servers for the clients that people have: one that wants a key, and one that refuses every text because it is busy.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { Classifier } from "../../../src/classifier.js";
import { type ModelServer, serveModels } from "../../../src/serve/server.js";
import { tinyModel } from "../../unit/serve/tiny-server.js";
import { temporaryFolder } from "../../unit/training/tiny-run.js";

export const key = "sk-a-key-of-the-test";
export const text = "where is the parcel, please";

export interface Servers {
  /** Answers to those who send {@link key}. */
  readonly keyed: ModelServer;
  /** Answers every request with 429. */
  readonly busy: ModelServer;
  /** The model that they serve under the name `tiny`, to compare with. */
  readonly classifier: Classifier;
}

/** The servers of a file of tests. */
export function servers(): Servers {
  const started = {} as { -readonly [Key in keyof Servers]: Servers[Key] };
  beforeAll(async () => {
    const directory = await tinyModel();
    const apiKeyFile = join(temporaryFolder(), "keys");
    writeFileSync(apiKeyFile, `${key}\n`);
    const common = { models: { tiny: directory }, port: 0, log: "off" } as const;
    started.keyed = await serveModels({ ...common, apiKeyFile });
    started.busy = await serveModels({ ...common, maxInflightBytes: 1 });
    started.classifier = await Classifier.load(directory);
  });
  afterAll(async () => {
    await Promise.all([started.keyed?.close(), started.busy?.close()]);
    await started.classifier?.dispose();
  });
  return started;
}
