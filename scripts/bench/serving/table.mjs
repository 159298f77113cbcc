// The figures of the servers, each beside what it has to be.
import { median } from "../statistics.mjs";
import { threeDigits } from "../tables.mjs";
import { pairs, servers } from "./contestants.mjs";

/** Rows of cells: what, measured, at least. */
export function servingTable({ throughput, latency, overload, drain, memory }) {
  const perSecond = (key) => median(throughput[key].map((sample) => sample.perSecond ?? sample));
  const p99 = (samples) => median(samples.map((sample) => sample.p99));
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const rows = [["64 clients, one text a request", "measured", "to be reached"]];
  for (const key of Object.keys(servers))
    rows.push([servers[key].name, `${threeDigits(perSecond(key))} texts/s`, ""]);
  for (const [ours, peers] of Object.entries(pairs)) {
    const { name } = servers[ours];
    rows.push([
      `${name}, of one call of classifier.predict`,
      percent(perSecond(ours) / perSecond(`call-${ours}`)),
      "at least 90 %",
    ]);
    const lag = 1000 * median(throughput[ours].map((sample) => sample.lag));
    rows.push([`${name}, p99 of the event loop's lag`, `${lag.toFixed(1)} ms`, "at most 5 ms"]);
    for (const peer of peers) {
      rows.push([
        `${name}, times the throughput of ${servers[peer].name}`,
        threeDigits(perSecond(ours) / perSecond(peer)),
        "at least 3",
      ]);
      const [own, other] = [p99(latency[peer][ours]), p99(latency[peer][peer])];
      rows.push([
        `${name}, p99 at 80 % of the throughput of ${servers[peer].name}`,
        `${own} of ${other} ms, ${percent(own / other)}`,
        "at most 33.3 %",
      ]);
    }
    const [over] = overload[ours];
    rows.push(
      [`${name}, ten times too much: hung`, `${over.hung}`, "0"],
      [`${name}, ten times too much: failed`, `${over.failed}`, "0"],
      [`${name}, ten times too much: goodput`, percent(over.goodput), "at least 95 %"],
      [
        `${name}, ten times too much: p99 of 429`,
        `${over.refusedP99?.toFixed(1) ?? "none"} ms`,
        "at most 10 ms",
      ],
      [`${name}, ten times too much: memory`, percent(over.memory), "flat"],
    );
  }
  rows.push(
    ["MiniLM, requests lost while it drains", `${drain.lost} of ${drain.lost + drain.answered}`, "0"],
    [
      `MiniLM, memory after ${memory.amount.toLocaleString("en-US")} requests`,
      percent(memory.memory),
      "at most 101 %",
    ],
  );
  return rows;
}
