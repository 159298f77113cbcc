// Draws pictures with Vega, without a browser. Vega-Lite is not used: a few kinds of pictures need no second language, nor
// the packages that it would bring.
import type { Spec } from "vega";
import { barSpec } from "./bar-spec.js";
import type { Chart } from "./chart.js";
import { heatSpec } from "./heat-spec.js";
import { lineSpec } from "./line-spec.js";
import { shortName, textWidth } from "./names.js";
import { config } from "./vega-style.js";

function specOf(chart: Chart): Spec {
  switch (chart.kind) {
    case "lines":
      return lineSpec(chart);
    case "bars":
    case "histogram":
      return barSpec(chart);
    case "heat":
      return heatSpec(chart);
  }
}

/** The picture as SVG, whose colours are those of the page's style. */
export async function drawChart(chart: Chart): Promise<string> {
  // Only who draws pays for the library.
  const vega = await import("vega");
  // Vega exports this for the purpose; its types do not know it.
  (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
  vega.expressionFunction("shortName", shortName);
  const view = new vega.View(vega.parse(withUsableKeys(specOf(chart)), config), { renderer: "none" });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Vega keeps what it draws in objects by the values that it stands for, and no object takes `__proto__` for a key. */
function withUsableKeys(spec: Spec): Spec {
  const text = JSON.stringify(spec);
  return text.includes('"__proto__"')
    ? JSON.parse(text.replaceAll('"__proto__"', '"__proto__\u200b"'))
    : spec;
}
