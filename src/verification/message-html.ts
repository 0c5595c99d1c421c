import { escapeHtml } from "../core/escape-html.js";
import { directionOf } from "../core/locale.js";

export interface HtmlParts {
  readonly locale: string;
  readonly subject: string;
  readonly code: string;
  /** The first one holds the code and stands below it, small. */
  readonly sentences: readonly string[];
  /** The one thing there is to follow. */
  readonly link?: { readonly text: string; readonly href: string } | undefined;
}

/** No colours of our own: with `color-scheme` every mail program shows it light or dark as the reader likes. */
const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 480px; margin: 0 auto; }
h1 { font-size: 20px; }
.code { margin: 24px 0; font: 700 36px/1.2 ui-monospace, monospace; letter-spacing: 6px; }`;

/** A whole document without images or scripts, and with no link but the one that is given: there is nothing in it to load or fake. */
export function htmlDocument({ locale, subject, code, sentences, link }: HtmlParts): string {
  const direction = directionOf(locale);
  // digits with anything between them would change places on a page that runs from right to left
  const isolated = direction === "rtl" ? `<bdi dir="ltr">${escapeHtml(code)}</bdi>` : escapeHtml(code);
  const paragraphs = sentences.map((sentence) => `<p>${escapeHtml(sentence)}</p>`).join("\n");
  const anchor = link ? `\n<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>` : "";
  return `<!doctype html>
<html lang="${locale}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${escapeHtml(subject)}</title>
<style>${STYLE}
</style>
</head>
<body>
<main>
<h1>${escapeHtml(subject)}</h1>
<p class="code">${isolated}</p>
${paragraphs}${anchor}
</main>
</body>
</html>
`;
}
