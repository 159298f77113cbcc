// One self-contained HTML file: no script, nothing from elsewhere.
import { type Content, Html, html } from "./html.js";
import { style } from "./style.js";

/** A part of a page with a heading of its own; sections without content are left out. */
export interface Section {
  readonly title: string;
  readonly content: readonly Content[];
}

/** What a page is made of. */
interface Page {
  readonly title: string;
  /** A line below the title. */
  readonly subtitle: string;
  readonly sections: readonly Section[];
}

/** The whole file. */
export function renderPage({ title, subtitle, sections }: Page): string {
  const shown = sections.filter(({ content }) => content.some((part) => part));
  const links = shown.map((section, i) => html`<li><a href="#s${i}">${section.title}</a></li>`);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="tagformer">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><h1>${title}</h1><p class="faint">${subtitle}</p></header>
<nav aria-label="Sections"><ul>${links}</ul></nav>
<main>
${shown.map(renderSection)}
</main>
</body>
</html>
`;
  return page.markup;
}

function renderSection({ title, content }: Section, index: number): Html {
  return html`<section aria-labelledby="s${index}"><h2 id="s${index}">${title}</h2>
${content}
</section>
`;
}
