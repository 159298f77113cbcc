// How Vega's pictures look: the page's own colours, so that they follow it into the dark and onto paper.
import type { Config } from "vega";

/** Colours of lines and parts of bars, in the order in which they are used. */
export const colours = Array.from({ length: 8 }, (_, i) => `var(--c${i})`);
/** Dashes that tell lines apart without colours. */
export const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4], [1, 2], [10, 2, 2, 2]];

/** Pixels of a picture that has a phone's width, and of one that has a page's. */
export const narrow = 340;
export const wide = 720;

/**
 * Labels of an axis or a legend that are names, cut where they would take too much of the picture. Vega's own limit cuts
 * them too, but leaves room for the whole.
 */
const cutAt = (ems: number) => ({
  labels: { update: { text: { signal: `shortName(datum.value, ${ems})` } } },
});
export const axisNames = cutAt(12);
/** Two beside each other, with their symbols, are as wide as a narrow picture. */
export const legendNames = cutAt(9.5);

const font = "system-ui, -apple-system, Segoe UI, Roboto, sans-serif";

export const config: Config = {
  background: null as never,
  axis: {
    labelFont: font,
    titleFont: font,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
    labelColor: "var(--faint)",
    titleColor: "var(--ink)",
    domainColor: "var(--faint)",
    tickColor: "var(--faint)",
    gridColor: "var(--line)",
    labelLimit: 0,
    titlePadding: 6,
    labelOverlap: true,
  },
  legend: {
    labelFont: font,
    labelFontSize: 11,
    labelColor: "var(--ink)",
    labelLimit: 0,
    symbolStrokeWidth: 2,
    columnPadding: 10,
    // Below the whole picture, and not only below what stands right of its names.
    layout: { bottom: { anchor: "middle", bounds: "full" } } as never,
  },
};
