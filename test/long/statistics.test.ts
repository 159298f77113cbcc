// Claims about chance, by simulation: splits, intervals, p-values, thresholds and suspected label errors.
import { judgeCalibration } from "../statistics/calibration.js";
import { judgeIntervals } from "../statistics/intervals.js";
import { judgeLabelErrors } from "../statistics/label-errors.js";
import { judgeSplits } from "../statistics/splits.js";
import { judgeTargets } from "../statistics/targets.js";

judgeSplits(200);
judgeCalibration(2000);
judgeTargets(1000);
judgeIntervals(1000);
judgeLabelErrors(500);
