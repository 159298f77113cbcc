// Locks a model directory until it is killed.
import { lockDirectory } from "../../../dist/model/lock.js";

const [directory, purpose] = process.argv.slice(2);
await lockDirectory(directory, purpose);
process.send("locked");
setInterval(() => {}, 60_000);
