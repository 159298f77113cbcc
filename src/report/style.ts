/**
 * The style of every page: one column on a phone, readable in the dark and on paper. Pictures take their colours from the
 * same variables.
 */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f6f7f9; --ink: #1b1f24; --faint: #5a6270; --line: #d5dae1;
  --c0: #0b62b8; --c1: #c2410c; --c2: #0f7b55; --c3: #8e3aa8; --c4: #9a6700; --c5: #0e7490; --c6: #b4235a; --c7: #515a67;
  --plus: 11, 98, 184; --minus: 194, 65, 12;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1d2127; --ink: #e8eaed; --faint: #a3acb9; --line: #3a414b;
    --c0: #6cb2ff; --c1: #ff9a5c; --c2: #4ed1a1; --c3: #d79bf0; --c4: #e3b341; --c5: #5ed0e6; --c6: #ff8fb3; --c7: #b3bcc8;
    --plus: 108, 178, 255; --minus: 255, 154, 92;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 78rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
p { margin: .4rem 0; max-width: 46rem; }
.faint, figcaption p { color: var(--faint); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; margin: .8rem 0; list-style: none; }
a { color: var(--c0); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .6rem; margin: 1rem 0; padding: 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem; }
.tiles dt { color: var(--faint); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.figures { display: grid; margin: 1rem 0; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; align-items: start; }
figure { margin: 0; padding: .8rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; min-width: 0; }
figure.wide { grid-column: 1 / -1; }
figure svg { display: block; width: 100%; height: auto; margin: .4rem auto; }
figure:not(.wide) svg { max-width: 30rem; }
figure.wide svg { max-width: 56rem; }
figcaption b { display: block; }
figcaption p { font-size: .9rem; margin: .1rem 0; }
.scroll { overflow-x: auto; max-width: 100%; margin: .6rem 0; }
details { margin-top: .4rem; font-size: .9rem; }
details .scroll { max-height: 20rem; overflow-y: auto; }
summary { cursor: pointer; color: var(--c0); }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { font-weight: 600; }
th:first-child, td:first-child, .words { text-align: left; }
th, td { white-space: nowrap; }
.words { min-width: 14rem; max-width: 40rem; white-space: pre-wrap; }
tbody th { font-weight: 500; min-width: 8.5rem; max-width: 16rem; white-space: normal; }
.scroll th:first-child { position: sticky; left: 0; background: var(--paper); }
figure .scroll th:first-child { background: var(--card); }
.explained { font-size: 1.1rem; line-height: 2.1; white-space: pre-wrap; padding: .8rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; }
.explained span { border-radius: .2rem; padding: .15rem 0; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
.plus { background: rgba(var(--plus), var(--strength)); border-bottom: 2px solid rgba(var(--plus), calc(var(--strength) * 2)); }
.minus { background: rgba(var(--minus), var(--strength)); border-bottom: 2px dotted rgba(var(--minus), calc(var(--strength) * 2)); }
@media (max-width: 45rem) {
  .texts thead { display: none; }
  .texts, .texts tbody, .texts tr { display: block; }
  .texts tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .texts th, .texts td { display: inline-block; min-width: 0; padding: 0 .8rem 0 0; border: 0; text-align: left; white-space: normal; }
  .texts td:not(.words)::before { content: attr(data-title) " "; color: var(--faint); }
  .texts .words { display: block; max-width: none; white-space: pre-wrap; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --faint: #444; --line: #bbb;
    --c0: #0b62b8; --c1: #c2410c; --c2: #0f7b55; --c3: #8e3aa8; --c4: #9a6700; --c5: #0e7490; --c6: #b4235a; --c7: #515a67;
    --plus: 11, 98, 184; --minus: 194, 65, 12;
  }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav, details { display: none; }
  .figures { grid-template-columns: repeat(2, 1fr); }
  figure, .tiles div, tr { break-inside: avoid; }
  figure svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h2 + p { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;
