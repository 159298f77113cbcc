// A process that does a piece of work whenever it is told to. First it says which of its threads `node:fs` works on. Then each
// message but `begin` names a target, for which it makes ready and says so; at `begin` it works, and says how that ended.
import { threadOfFiles } from "./thread-of-files.mjs";

/**
 * @param prepare makes ready for a target, and gives the work
 * @param isExpected whether a disk that fails may end the work with an error
 */
export async function workWithFaults(prepare, isExpected) {
  let work;
  const outcome = async () => {
    try {
      await work();
      return "saved";
    } catch (error) {
      return isExpected(error) ? "IO" : `${error.stack}`;
    }
  };
  process.on("message", async (message) => {
    if (message === "begin") process.send(await outcome());
    else {
      work = await prepare(message);
      process.send("ready");
    }
  });
  process.on("disconnect", () => process.exit());
  process.send(await threadOfFiles());
}
