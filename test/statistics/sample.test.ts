// A sample of the simulations of test/long/statistics.test.ts.
import { judgeSplits } from "./splits.js";

judgeSplits(20);
