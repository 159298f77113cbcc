// Saves two models in turns to one directory until it is killed.
import { Classifier } from "../../../dist/index.js";

const [target, ...models] = process.argv.slice(2);
const classifiers = await Promise.all(models.map((model) => Classifier.load(model, { threads: 1 })));
for (let saves = 0; ; saves++) {
  await classifiers[saves % classifiers.length].save(target);
  process.send(saves);
}
