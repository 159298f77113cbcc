// Requests made at random, by the million, to a server that is a process of its own: no answer that is not documented, and no
// growth. TAGFORMER_FUZZ_REQUESTS says how many, where a million is too much.
import { expect, it } from "vitest";
import { metric, serve } from "../e2e/serve/command.js";
import { fuzz } from "../unit/serve/fuzz.js";
import { ask, tinyModel } from "../unit/serve/tiny-server.js";

const requests = Number(process.env.TAGFORMER_FUZZ_REQUESTS ?? 1_000_000);
/** Bytes by which the memory of a process that is warm may move. */
const mostGrowth = 64e6;

it(
  `answers ${requests.toLocaleString("en-US")} damaged requests`,
  async () => {
    const limits = ["--max-body-bytes", "20000", "--max-text-characters", "5000", "--timeout-ms", "1000"];
    const { url } = await serve(["--name", `tiny=${await tinyModel()}`, "--log", "off", ...limits]);
    const started = performance.now();
    let warm = 0;
    const onAnswered = async (count: number) => {
      if (count === Math.ceil(requests / 10)) warm = await metric(url, "process_resident_memory_bytes");
      if (count % Math.ceil(requests / 20) > 0) return;
      const rate = Math.round((1000 * count) / (performance.now() - started));
      process.stderr.write(`${count} of ${requests} requests, ${rate} a second\n`);
    };
    await fuzz(url, { count: requests, seed: 2, onAnswered });
    expect((await metric(url, "process_resident_memory_bytes")) - warm).toBeLessThan(mostGrowth);
    expect((await ask(`${url}/v1/predict`, { texts: "a" })).status).toBe(200);
  },
  24 * 3_600_000,
);
