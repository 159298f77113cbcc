import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/evaluation/metrics.js";
import { classificationReport, toFixedHalfEven } from "../../../src/evaluation/text-report.js";

const probabilities = Float32Array.of(0.9, 0.1, 0.8, 0.4, 0.2, 0.3);
const labels = Float32Array.of(1, 0, 0, 1, 0, 0);

describe("classificationReport", () => {
  it("lays the table out as scikit-learn does", () => {
    const report = classificationReport(evaluate({ probabilities }, labels, ["a", "b"]));
    expect(report.split("\n")).toEqual([
      "              precision    recall  f1-score   support",
      "",
      "           a       0.50      1.00      0.67         1",
      "           b       0.00      0.00      0.00         1",
      "",
      "   micro avg       0.50      0.50      0.50         2",
      "   macro avg       0.25      0.50      0.33         2",
      "weighted avg       0.25      0.50      0.33         2",
      " samples avg       0.33      0.33      0.33         2",
      "",
    ]);
  });

  it("widens with the longest name, an emoji being one character, and with the digits", () => {
    const lineOf = (name: string, digits: number) =>
      classificationReport(evaluate({ probabilities }, labels, [name, "b"]), digits).split("\n")[2];
    expect(lineOf("fifteen letters", 2)).toBe("fifteen letters       0.50      1.00      0.67         1");
    expect(lineOf("😀", 2)).toBe("           😀       0.50      1.00      0.67         1");
    expect(lineOf("a", 13)).toBe("            a  0.5000000000000 1.0000000000000 0.6666666666667         1");
  });

  it("prints a single label in the same table", () => {
    const report = classificationReport(evaluate({ probabilities }, labels, ["only"]));
    expect(report).toContain("        only       0.50      0.50      0.50         2\n");
  });
});

describe("toFixedHalfEven", () => {
  it("goes to the even digit at a tie and to the nearer one elsewhere", () => {
    expect(toFixedHalfEven(0.125, 2)).toBe("0.12");
    expect(toFixedHalfEven(0.375, 2)).toBe("0.38");
    expect(toFixedHalfEven(0.625, 2)).toBe("0.62");
    expect(toFixedHalfEven(0.5, 0)).toBe("0");
    expect(toFixedHalfEven(0.25, 1)).toBe("0.2");
    expect(toFixedHalfEven(0.145, 2)).toBe("0.14"); // below the tie: the double is 0.14499...
    expect(toFixedHalfEven(0.575, 2)).toBe("0.57"); // likewise
    expect(toFixedHalfEven(0.035, 2)).toBe("0.04"); // above it
    expect(toFixedHalfEven(0.995, 2)).toBe("0.99");
    expect(toFixedHalfEven(1, 2)).toBe("1.00");
  });
});
