// Tables whose file changes while it is read, or may not be read at all.
import { appendFileSync, chmodSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readTexts } from "../../src/data/read.js";
import { errorOf, temporaryFolder } from "../unit/training/tiny-run.js";

const rows = 300_000; // far more than is read ahead
const line = (row: number) => `k${row},text number ${row}\n`;

/** Reads a table, and changes its file after the first rows; the number of rows that were read. */
async function readWhile(change: (file: string) => void): Promise<number> {
  const file = join(temporaryFolder(), "table.csv");
  writeFileSync(file, `id,text\n${Array.from({ length: rows }, (_, row) => line(row)).join("")}`);
  let read = 0;
  for await (const chunk of readTexts(file)) {
    if (read === 0) change(file);
    read += chunk.length;
  }
  return read;
}

it("a table that is cut while it is read is refused", async () => {
  const end = `id,text\n${line(0)}${line(1)}`.length;
  expect(await errorOf(() => readWhile((file) => truncateSync(file, end)))).toMatchObject({
    code: "IO",
    message: expect.stringMatching(
      /table\.csv was cut while it was being read: \d+ bytes of \d+ were there$/,
    ),
  });
});

it("a table that grows while it is read ends where its last row does", async () => {
  expect(await readWhile((file) => appendFileSync(file, line(rows)))).toBeGreaterThanOrEqual(rows);
});

it.skipIf(process.getuid?.() === 0)("a table that may not be read is refused by its name", async () => {
  const file = join(temporaryFolder(), "table.csv");
  writeFileSync(file, `id,text\n${line(0)}`);
  chmodSync(file, 0);
  expect(await errorOf(() => readTexts(file).next())).toMatchObject({
    code: "IO",
    message: expect.stringMatching(/table\.csv.*EACCES/),
  });
});
