// Claims about chance, by simulation: splits, intervals, p-values, thresholds and suspected label errors.
import { judgeSplits } from "../statistics/splits.js";

judgeSplits(200);
