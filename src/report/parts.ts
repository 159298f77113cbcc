// The parts that pages are made of: tiles, tables, pictures.
import { type Chart, describeChart } from "./chart.js";
import { chartTable } from "./chart-table.js";
import { drawChart } from "./draw.js";
import { type Content, Html, html } from "./html.js";

/** Figures in a row of small boxes. */
export function tiles(figures: readonly (readonly [name: string, value: string])[]): Html {
  const boxes = figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<dl class="tiles">${boxes}</dl>`;
}

/** A column of a {@link table}; those of words are set to the left. */
interface Column {
  readonly title: string;
  readonly words?: boolean;
}

/**
 * A table; the first cell of each row is its heading. One with columns of words becomes a list on a phone, where each cell
 * brings its column's title along.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Content[])[],
): Html {
  const kind = (i: number) => (columns[i]?.words ? new Html(' class="words"') : null);
  const hasWords = columns.some(({ words }) => words);
  const title = (i: number) => hasWords && html` data-title="${columns[i]?.title}"`;
  const head = columns.map(({ title }, i) => html`<th scope="col"${kind(i)}>${title}</th>`);
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((cell, i) => html`<td${kind(i + 1)}${title(i + 1)}>${cell}</td>`);
    return html`<tr><th scope="row"${kind(0)}>${first}</th>${cells}</tr>\n`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table${hasWords && new Html(' class="texts"')}><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

/** A picture with its title, what to see in it, and its numbers as a table. */
async function figure(chart: Chart, explanation: string): Promise<Html> {
  const svg = await drawChart(chart);
  const { columns, rows } = chartTable(chart);
  return html`<figure${chart.wide ? new Html(' class="wide"') : null}>
<figcaption><b>${chart.title}</b><p>${explanation}</p></figcaption>
<div role="img" aria-label="${describeChart(chart)}">${new Html(svg)}</div>
<details><summary>The numbers of this picture</summary>${table(
    chart.title,
    columns.map((title) => ({ title })),
    rows,
  )}</details>
</figure>
`;
}

/** Pictures side by side, as many as fit; one after the other, because each draws on one thread. */
export async function figures(
  charts: readonly (readonly [chart: Chart, explanation: string])[],
): Promise<Html> {
  const drawn: Html[] = [];
  for (const [chart, explanation] of charts) drawn.push(await figure(chart, explanation));
  return html`<div class="figures">${drawn}</div>`;
}

/** A number with some digits after the point, or a dash for what is not defined. */
export function decimal(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(digits);
}
