// Saves two models in turns to one directory until it is killed. It pauses for longer and longer, up to a fifth of a second,
// and begins again without a pause: readers meet no save, one, or several.
import { setTimeout as sleep } from "node:timers/promises";
import { Classifier } from "../../../dist/index.js";

const [target, ...models] = process.argv.slice(2);
const classifiers = await Promise.all(models.map((model) => Classifier.load(model, { threads: 1 })));
for (let saves = 0; ; saves++) {
  await classifiers[saves % classifiers.length].save(target);
  process.send(saves);
  await sleep((saves % 21) * 10);
}
