import type { PageOptions } from "require2fa";

/** Text keeps a contrast of 4.5 to 1, and what is needed to find a control one of 3 to 1, in light and in dark. */
const COLORS = `
:root {
  color-scheme: light dark;
  --accent: #0b6157;
  --accent-text: #fff;
  --background: #f2f5f4;
  --surface: #fff;
  --text: #12201d;
  --muted: #54635f;
  --line: #dae2df;
  --field: #7f8d89;
  --danger: #b3231a;
  --hero: linear-gradient(135deg, #0b6157, #094a5a);
  --frame: #1c2321;
  --shadow: 0 1px 2px rgb(10 40 36 / 6%), 0 10px 30px rgb(10 40 36 / 7%);
  --r2fa-accent: var(--accent);
  --r2fa-accent-text: var(--accent-text);
  --r2fa-surface: var(--surface);
  --r2fa-text: var(--text);
}
@media (prefers-color-scheme: dark) {
  :root {
    --accent: #7ad3c1;
    --accent-text: #06231f;
    --background: #0d1211;
    --surface: #151c1a;
    --text: #e9f0ee;
    --muted: #9fb0ab;
    --line: #283330;
    --field: #6f7f7a;
    --danger: #ff9c92;
    --hero: linear-gradient(135deg, #0d4f48, #0b3b49);
    --frame: #35413d;
    --shadow: none;
  }
}`;

const LAYOUT = `
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--background);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 680; letter-spacing: -.015em; text-wrap: balance; }
h2 { font-size: 1.125rem; line-height: 1.3; font-weight: 650; }
svg { flex: none; width: 1.5rem; height: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.75;
  stroke-linecap: round; stroke-linejoin: round; }
.masthead { border-block-end: 1px solid var(--line); background: var(--surface); }
.masthead > div, main, body > footer { width: min(100% - 2rem, 60rem); margin-inline: auto; }
.masthead > div { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; min-height: 4rem; }
.brand { display: flex; align-items: center; gap: .625rem; margin-inline-end: auto; color: var(--accent);
  font-size: 1.125rem; font-weight: 680; letter-spacing: -.01em; text-decoration: none; }
.brand svg { width: 1.875rem; height: 1.875rem; stroke-width: 2.25; }
.who { display: flex; align-items: center; gap: .5rem; color: var(--muted); }
@media (max-width: 30rem) {
  .who span { display: none; }
}
main { padding-block: 2rem; }
body > footer { padding-block: 0 2.5rem; color: var(--muted); font-size: .875rem; text-align: center; text-wrap: balance; }
.columns { display: grid; gap: 1.25rem; align-items: start; }
.stack { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 52rem) { .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem; } }
.narrow { max-width: 34rem; margin-inline: auto; }
`;

const BLOCKS = `
.card { padding: 1.5rem; border: 1px solid var(--line); border-radius: 16px; background: var(--surface);
  box-shadow: var(--shadow); }
.card > * + * { margin-block-start: .75rem; }
.card-title { display: flex; align-items: center; gap: .625rem; }
.card-title svg { color: var(--accent); }
.hero { border: 0; background: var(--hero); color: #fff; }
.hero p { color: rgb(255 255 255 / 88%); }
.hero h1 { font-size: 1rem; font-weight: 550; letter-spacing: 0; }
.hero .balance { font-size: clamp(2rem, 9vw, 2.75rem); line-height: 1.15; font-weight: 700; letter-spacing: -.025em;
  font-variant-numeric: tabular-nums; color: #fff; margin-block-start: .25rem; }
.lead { color: var(--muted); text-wrap: pretty; }
.fine { color: var(--muted); font-size: .875rem; }
.rows > li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding-block: .75rem; border-block-start: 1px solid var(--line); }
.rows > li:first-child { border: 0; padding-block-start: .25rem; }
.rows > li:last-child { padding-block-end: 0; }
.rows .name { flex: 1; min-width: 8rem; font-weight: 550; }
.rows .amount { font-weight: 650; font-variant-numeric: tabular-nums; }
.rows .when { flex-basis: 100%; color: var(--muted); font-size: .875rem; }
.note, .alert { --tone: var(--accent); padding: .75rem 1rem; border: 1px solid color-mix(in srgb, var(--tone) 40%, var(--surface));
  border-inline-start: 4px solid var(--tone); border-radius: 10px;
  background: color-mix(in srgb, var(--tone) 7%, var(--surface)); }
.alert { --tone: var(--danger); }
dl.people { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .5rem 1rem; }
@media (max-width: 30rem) {
  dl.people { grid-template-columns: minmax(0, 1fr); gap: .125rem; }
  dl.people dd + dt { margin-block-start: .625rem; }
}
dl.people dt { font-weight: 600; white-space: nowrap; }
dl.people dd { color: var(--muted); }
code { font: .9375em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; color: var(--text); }
`;

const CONTROLS = `
a { color: var(--accent); }
label { display: block; font-weight: 600; }
label + input { margin-block-start: .375rem; }
form.fields > * + * { margin-block-start: 1rem; }
.card > form.fields { margin-block-start: 1.25rem; }
.pair { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr) minmax(0, 1.6fr); }
input, button, .button { font: inherit; color: inherit; border-radius: 10px; }
input { display: block; width: 100%; min-height: 3rem; padding: .5rem .875rem; border: 1.5px solid var(--field);
  background: var(--surface); }
button, .button { display: inline-flex; align-items: center; justify-content: center; min-height: 3rem; padding: .5rem 1.25rem;
  border: 1px solid transparent; background: var(--accent); color: var(--accent-text); font-weight: 600;
  text-decoration: none; cursor: pointer; }
button:hover, .button:hover { background: color-mix(in srgb, var(--accent) 88%, var(--text)); }
form.fields button { width: 100%; }
button.quiet, .button.quiet { min-height: 2.75rem; padding: .25rem .75rem; background: none; color: var(--accent); }
button.quiet:hover, .button.quiet:hover { background: color-mix(in srgb, var(--accent) 10%, var(--surface)); }
.card > .quiet { margin-inline-start: -.75rem; margin-block-end: -.5rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.hero :focus-visible { outline-color: #fff; }
`;

const PHONE = `
.phone { max-width: 25rem; min-height: 44rem; margin-inline: auto; display: flex; flex-direction: column; overflow: hidden;
  border: 10px solid var(--frame); border-radius: 44px; background: var(--surface);
  box-shadow: 0 0 0 1px var(--line), 0 24px 60px rgb(10 40 36 / 18%); }
.phone .bar { display: grid; place-items: center; padding-block: .625rem .375rem; }
.phone .bar::before { content: ""; width: 6rem; height: 1.375rem; border-radius: 1rem; background: var(--frame); }
.phone .head { padding: .5rem 1.25rem 1rem; border-block-end: 1px solid var(--line); }
.phone .head h1 { font-size: 1.5rem; }
.messages { flex: 1; display: flex; flex-direction: column; gap: 1.25rem; padding: 1.25rem; }
.messages .to { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .75rem; margin-block-end: .375rem;
  color: var(--muted); font-size: .8125rem; }
.bubble { width: fit-content; max-width: 92%; padding: .75rem 1rem; border-radius: 18px 18px 18px 5px; white-space: pre-line;
  background: color-mix(in srgb, var(--text) 8%, var(--surface)); }
.bubble strong { font-size: 1.25rem; letter-spacing: .06em; font-variant-numeric: tabular-nums; }
.messages li:first-child .bubble { background: var(--accent); color: var(--accent-text); }
.empty { margin-block: auto; padding: 2rem; text-align: center; color: var(--muted); }
.phone-foot { margin-block-start: 1.25rem; text-align: center; }
@media (max-width: 30rem) {
  main:has(.phone) { width: 100%; padding-block: 0 1.5rem; }
  .phone { border: 0; border-radius: 0; box-shadow: none; min-height: 32rem; border-block-end: 1px solid var(--line); }
  .phone .bar { display: none; }
  .phone .head { padding-block-start: 1.25rem; }
}
`;

/** The same colors for the page that asks for the code. */
export const THEME: NonNullable<PageOptions["theme"]> = {
  "--r2fa-accent": "light-dark(#0b6157, #7ad3c1)",
  "--r2fa-accent-text": "light-dark(#fff, #06231f)",
  "--r2fa-background": "light-dark(#f2f5f4, #0d1211)",
  "--r2fa-surface": "light-dark(#fff, #151c1a)",
  "--r2fa-text": "light-dark(#12201d, #e9f0ee)",
  "--r2fa-muted": "light-dark(#54635f, #9fb0ab)",
  "--r2fa-border": "light-dark(#dae2df, #283330)",
  "--r2fa-field-border": "light-dark(#7f8d89, #6f7f7a)",
};

export const STYLE = COLORS + LAYOUT + BLOCKS + CONTROLS + PHONE;
