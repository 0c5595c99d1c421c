/** For the pages of factors, beside what every page has. */
export const FACTORS_STYLE = `
.cards { margin-block-start: 1.25rem; display: grid; gap: .5rem; }
.cards > li {
  display: flex;
  align-items: center;
  gap: .75rem;
  padding: .75rem .875rem;
  border: 1px solid var(--r2fa-border);
  border-radius: var(--r2fa-radius);
}
.cards svg { color: var(--r2fa-muted); }
.cards .what { flex: 1; min-width: 0; }
.cards .what strong { display: block; font-weight: 600; }
.cards a.change { flex: none; padding: .5rem; margin: -.5rem; color: var(--r2fa-accent); font-weight: 600; }
.cards form { flex: none; }
.cards form .quiet { width: auto; min-height: 2.75rem; margin: -.5rem; padding: .5rem; }
input.plain-text { font: 500 1.125rem/1.3 var(--r2fa-font); letter-spacing: normal; text-align: start; min-height: 3rem; }
.hint { margin-block-start: .5rem; }
.qr { margin: 1.25rem auto 0; width: min(13rem, 100%); }
.qr svg { display: block; width: 100%; height: auto; border-radius: var(--r2fa-radius); background: #fff; fill: #000; stroke: none; }
.key { margin-block-start: 1rem; text-align: center; }
.key code { display: block; color: var(--r2fa-text); font: 600 1rem/1.6 var(--r2fa-code-font); user-select: all; }
.codes {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr));
  gap: .25rem 1rem;
  margin-block-start: 1.25rem;
  padding: 1rem;
  border: 1px solid var(--r2fa-border);
  border-radius: var(--r2fa-radius);
  font: 600 1rem/1.8 var(--r2fa-code-font);
  text-align: center;
  user-select: text;
}
.tools { display: flex; flex-wrap: wrap; gap: .25rem; margin-block-start: .5rem; }
.tools > * { flex: 1 1 auto; width: auto; margin: 0; padding-inline: .5rem; white-space: nowrap; }
.danger { margin-block-start: 1rem; border-color: var(--r2fa-danger); color: var(--r2fa-danger); }
.danger:hover { background: color-mix(in srgb, var(--r2fa-danger) 8%, var(--r2fa-surface)); }
.apart { margin-block-start: 1.5rem; padding-block-start: 1.25rem; border-block-start: 1px solid var(--r2fa-border); }
.apart h2 { font-size: .9375rem; font-weight: 600; }
.others .way { text-decoration: none; }
@media print {
  body { background: #fff; color: #000; }
  main { border: 0; box-shadow: none; }
  .tools, .badge, .foot, form, .button { display: none !important; }
}
`;
