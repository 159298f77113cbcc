// Keeps saves out of a model directory until it is killed, as a load does.
import { keepSavesOut } from "../../../dist/model/readers.js";

await keepSavesOut(process.argv[2]);
process.send("reads");
setInterval(() => {}, 60_000);
