// One of two processes that train together: `exit` while it waits for the other, `throw` in the loop over its
// events, `drift` to other weights, or `run`.
import { NativeGroup } from "../../../dist/native/group.js";
import { NativeTraining } from "../../../dist/native/training.js";
import { Trainer } from "../../../dist/training/trainer.js";

const [what, setting] = process.argv.slice(2);
const { rank, port, run } = JSON.parse(setting);

if (what === "exit") {
  const group = await NativeGroup.open();
  const place = {
    rank,
    size: 2,
    file: "",
    host: "127.0.0.1",
    port,
    serves: rank === 0,
    address: "127.0.0.1",
  };
  await group.meet({ ...place, interfaces: "", timeout: 600_000, name: `number ${rank}` }, "{}", {});
  await group.connect({});
  if (rank === 1) await new Promise((resolve) => setTimeout(resolve, 300_000));
  group.exchange(Uint8Array.of(1), "a test").catch(() => {});
  setTimeout(() => process.exit(5), 200);
} else {
  // No fault of a machine is at hand that changes a weight: what the rank tells of its weights is changed.
  if (what === "drift" && rank === 1) {
    const digest = NativeTraining.prototype.weightsDigest;
    NativeTraining.prototype.weightsDigest = async function () {
      return (await digest.call(this)) + 1n;
    };
  }
  const distributed = { rank, size: 2, localRank: rank, localSize: 2, master: `127.0.0.1:${port}` };
  const labels = Float32Array.from(run.train.labels);
  const types = [];
  try {
    for await (const event of new Trainer({ ...run, train: { ...run.train, labels }, distributed })) {
      types.push(event.type);
      if (what === "throw" && rank === 1 && event.type === "step" && event.step === 5)
        throw new Error("enough");
    }
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, code: error.code }));
  }
  console.log(JSON.stringify({ last: types.at(-1), steps: types.filter((type) => type === "step").length }));
}
