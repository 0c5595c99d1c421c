/**
 * Colors first, so that an app can see what it may set (`theme.ts` names them). Text keeps a contrast of 4.5 to 1 and
 * whatever is needed to find a control one of 3 to 1, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).
 */
const COLORS = `
:root {
  color-scheme: light dark;
  --r2fa-accent: #1f4fd1;
  --r2fa-accent-text: #fff;
  --r2fa-background: #f3f4f7;
  --r2fa-surface: #fff;
  --r2fa-text: #14171c;
  --r2fa-muted: #565e6c;
  --r2fa-border: #dde1e8;
  --r2fa-field-border: #838b99;
  --r2fa-danger: #b3231a;
  --r2fa-success: #14713f;
  --r2fa-radius: 12px;
  --r2fa-shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 12px 32px rgb(16 24 40 / 8%);
  --r2fa-font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --r2fa-code-font: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  --r2fa-width: 27rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --r2fa-accent: #8fb1ff;
    --r2fa-accent-text: #0a1737;
    --r2fa-background: #0e1014;
    --r2fa-surface: #171a20;
    --r2fa-text: #eceef3;
    --r2fa-muted: #a4acba;
    --r2fa-border: #2b303a;
    --r2fa-field-border: #737c8c;
    --r2fa-danger: #ff9c92;
    --r2fa-success: #6ed3a0;
    --r2fa-shadow: none;
  }
}`;

const LAYOUT = `
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: grid;
  grid-template-columns: minmax(0, var(--r2fa-width));
  place-content: center;
  padding: 1.5rem 1rem;
  background: var(--r2fa-background);
  color: var(--r2fa-text);
  font: 1rem/1.5 var(--r2fa-font);
}
main {
  padding: 2rem;
  background: var(--r2fa-surface);
  border: 1px solid var(--r2fa-border);
  border-radius: calc(var(--r2fa-radius) * 1.5);
  box-shadow: var(--r2fa-shadow);
  overflow-wrap: anywhere;
}
@media (max-width: 30rem) {
  body { padding: 0; place-content: start stretch; background: var(--r2fa-surface); }
  main { padding: 1.75rem 1.25rem 2rem; border: 0; border-radius: 0; box-shadow: none; }
}
h1, h2, p, dl, dd, ul { margin: 0; padding: 0; }
ul { list-style: none; }
form { margin: 0; }
[hidden] { display: none !important; }
svg {
  flex: none;
  width: 1.25em;
  height: 1.25em;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.75;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.top { display: flex; align-items: center; gap: .75rem; margin-block-end: 1.25rem; }
.badge {
  --tone: var(--r2fa-accent);
  display: grid;
  place-items: center;
  flex: none;
  width: 2.75rem;
  height: 2.75rem;
  border-radius: var(--r2fa-radius);
  color: var(--tone);
  background: color-mix(in srgb, var(--tone) 11%, var(--r2fa-surface));
}
.badge svg { width: 1.5rem; height: 1.5rem; }
.badge.good { --tone: var(--r2fa-success); }
.badge.bad { --tone: var(--r2fa-danger); }
.service { color: var(--r2fa-muted); font-weight: 550; }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 680; letter-spacing: -.012em; text-wrap: balance; }
[dir="rtl"] h1 { letter-spacing: normal; }
:lang(ja) :is(h1, .lead, label) { word-break: auto-phrase; }
.lead { margin-block-start: .5rem; color: var(--r2fa-muted); text-wrap: pretty; }
.lead bdi { color: var(--r2fa-text); font-weight: 600; white-space: nowrap; }
.fine { font-size: .875rem; color: var(--r2fa-muted); text-wrap: balance; }
.foot .fine { margin-block-end: .25rem; text-align: center; }
.facts { margin-block-start: .875rem; display: flex; flex-wrap: wrap; justify-content: center; gap: 0 1.25rem; }
.foot > form:first-child { margin-block-start: -.875rem; }
.foot { margin-block: 1.5rem -.75rem; padding-block-start: 1.25rem; border-block-start: 1px solid var(--r2fa-border); }
`;

const BLOCKS = `
.panel {
  margin-block: 1.25rem;
  padding: 1rem 1.125rem;
  border: 1px solid color-mix(in srgb, var(--r2fa-accent) 35%, var(--r2fa-surface));
  border-inline-start: 4px solid var(--r2fa-accent);
  border-radius: var(--r2fa-radius);
  background: color-mix(in srgb, var(--r2fa-accent) 6%, var(--r2fa-surface));
}
.panel h2 { font-size: .9375rem; font-weight: 600; color: var(--r2fa-muted); }
.panel .deed { font-size: 1.125rem; font-weight: 650; line-height: 1.35; }
.panel .deed::first-letter, .panel dt::first-letter { text-transform: uppercase; }
.panel dl {
  display: grid;
  grid-template-columns: fit-content(40%) minmax(0, 1fr);
  gap: .375rem 1.25rem;
  align-items: baseline;
  margin-block-start: .5rem;
}
.panel dl > div { display: contents; }
.panel dt { color: var(--r2fa-muted); }
.panel dd { font-size: 1.1875rem; font-weight: 650; line-height: 1.35; font-variant-numeric: tabular-nums; }
.alert, .note {
  --tone: var(--r2fa-danger);
  display: flex;
  gap: .625rem;
  margin-block-start: 1.25rem;
  padding: .75rem .875rem;
  border: 1px solid color-mix(in srgb, var(--tone) 40%, var(--r2fa-surface));
  border-radius: var(--r2fa-radius);
  background: color-mix(in srgb, var(--tone) 7%, var(--r2fa-surface));
}
.note { --tone: var(--r2fa-success); align-items: center; }
.alert svg, .note svg { color: var(--tone); margin-block-start: .125rem; }
.alert strong { display: block; color: var(--tone); }
label { display: block; margin-block: 1.25rem .5rem; font-weight: 600; }
.tick { display: flex; align-items: center; gap: .6rem; min-height: 1.5rem; font-weight: 400; }
.tick input { flex: none; width: 1.25rem; min-height: 0; height: 1.25rem; margin: 0; padding: 0; accent-color: var(--r2fa-accent); }
.others { margin-block-start: 1.5rem; padding-block-start: 1.25rem; border-block-start: 1px solid var(--r2fa-border); }
.others h2 { margin-block-end: .625rem; font-size: .9375rem; font-weight: 600; }
.others li + li { margin-block-start: .5rem; }
`;

const CONTROLS = `
input, button, .button { font: inherit; color: inherit; border-radius: var(--r2fa-radius); }
input {
  display: block;
  width: 100%;
  min-height: 4rem;
  padding: .5rem .75rem;
  border: 1.5px solid var(--r2fa-field-border);
  background: var(--r2fa-surface);
  font: 600 1.5rem/1.2 var(--r2fa-code-font);
  letter-spacing: .04em;
  text-align: center;
}
input[data-digits] {
  font-size: clamp(1.625rem, 8.5vw, 2.125rem);
  letter-spacing: .3em;
  padding-inline: calc(.75rem + .3em) .75rem;
  font-variant-numeric: tabular-nums slashed-zero;
}
input[inputmode="text"] { font-size: clamp(1rem, 5.1vw, 1.25rem); }
input[aria-invalid] { border-color: var(--r2fa-danger); }
button, .button {
  display: flex;
  align-items: center;
  justify-content: center;
  gap: .625rem;
  width: 100%;
  min-height: 3rem;
  padding: .625rem 1rem;
  border: 1px solid transparent;
  background: none;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.primary { margin-block-start: 1rem; background: var(--r2fa-accent); color: var(--r2fa-accent-text); }
.primary:hover { background: color-mix(in srgb, var(--r2fa-accent) 88%, var(--r2fa-text)); }
.quiet { margin-block-start: .375rem; color: var(--r2fa-accent); font-variant-numeric: tabular-nums; }
.quiet:hover { background: color-mix(in srgb, var(--r2fa-accent) 8%, var(--r2fa-surface)); }
.plain { color: var(--r2fa-muted); }
main > .plain:last-child { margin-block-end: -.75rem; }
.plain:hover { color: var(--r2fa-text); background: color-mix(in srgb, var(--r2fa-text) 6%, var(--r2fa-surface)); }
.way { justify-content: start; border-color: var(--r2fa-border); font-weight: 500; text-align: start; }
.way:hover { border-color: var(--r2fa-field-border); }
.way svg { color: var(--r2fa-muted); }
.way span { margin-inline-end: auto; }
.way .fine { display: block; }
.way bdi { color: var(--r2fa-muted); font-size: .9375rem; }
button:disabled { color: var(--r2fa-muted); background: none; font-weight: 500; cursor: default; }
.lead + .primary, .lead + form:not(#verify) > .primary { margin-block-start: 1.5rem; }
#passkey .primary { margin-block-start: 1.5rem; }
#passkey noscript p { margin-block-start: .75rem; }
.busy .primary { opacity: .7; cursor: progress; }
:focus-visible { outline: 3px solid var(--r2fa-accent); outline-offset: 2px; }
input:focus-visible { border-color: var(--r2fa-accent); outline-offset: -2px; }
input[aria-invalid]:focus-visible { border-color: var(--r2fa-danger); outline-color: var(--r2fa-danger); }
@media (prefers-reduced-motion: no-preference) {
  button, .button, input { transition: background-color .12s, border-color .12s, opacity .12s; }
}
`;

export const STYLE = COLORS + LAYOUT + BLOCKS + CONTROLS;
