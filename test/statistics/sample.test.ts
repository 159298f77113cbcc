// A sample of the simulations of test/long/statistics.test.ts.
import { judgeCalibration } from "./calibration.js";
import { judgeIntervals } from "./intervals.js";
import { judgeLabelErrors } from "./label-errors.js";
import { judgeSplits } from "./splits.js";
import { judgeTargets } from "./targets.js";

judgeSplits(20);
judgeCalibration(100);
judgeTargets(40);
judgeIntervals(60);
judgeLabelErrors(20);
