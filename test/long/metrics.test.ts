// Thousands of random matrices: scikit-learn takes a twentieth of a second for all metrics of one.
import { describe } from "vitest";
import { compareMetrics } from "../parity/metrics-cases.js";

describe("metrics against scikit-learn", () => compareMetrics(4000, 8));
