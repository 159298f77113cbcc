// Does the calibration error that is put down to chance come out for probabilities that are right?
import { expect, it } from "vitest";
import { generator } from "../../src/base/random.js";
import { calibrate } from "../../src/evaluation/calibration.js";
import { mean, standardError } from "./bounds.js";

/** For the body of a test file. */
export function judgeCalibration(tables: number): void {
  it.each([
    { rows: 50, exponent: 1 },
    { rows: 300, exponent: 4 },
    { rows: 3000, exponent: 8 },
    { rows: 1000, exponent: 20 },
  ])(
    "$rows calibrated probabilities (power $exponent) have the calibration error that is put down to chance",
    ({ rows, exponent }) => {
      const differences = Array.from({ length: tables }, (_, seed) => {
        const random = generator(seed, "calibrated");
        // The higher the power, the rarer the label.
        const probabilities = Float32Array.from({ length: rows }, () => random.float() ** exponent);
        const truth = probabilities.map((probability) => Number(random.float() < probability));
        const { calibrationError, chanceCalibrationError } = calibrate(probabilities, truth);
        return calibrationError! / chanceCalibrationError! - 1;
      });
      expect(Math.abs(mean(differences))).toBeLessThan(4 * standardError(differences) + 0.01);
    },
  );
}
