import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { reportFailure } from "../../../src/distributed/failure-report.js";
import { temporaryFolder } from "../training/tiny-run.js";

it("torchrun is told why a process failed, where it looks and in its words", async () => {
  const file = join(temporaryFolder(), "error.json");
  await reportFailure(new Error("rank 1 of 2 has other options"), { TORCHELASTIC_ERROR_FILE: file });
  const { message } = JSON.parse(readFileSync(file, "utf8"));
  expect(message).toMatchObject({
    message: "rank 1 of 2 has other options",
    extraInfo: {
      py_callstack: "rank 1 of 2 has other options",
      timestamp: expect.stringMatching(/^\d{10}$/),
    },
  });
});

it("a report that cannot be written hides nothing", async () => {
  await reportFailure(new Error("no"), {
    TORCHELASTIC_ERROR_FILE: join(temporaryFolder(), "gone", "error.json"),
  });
  await reportFailure(new Error("no"), {});
});
