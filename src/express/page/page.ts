import { misconfigured } from "../../core/errors.js";
import { directionOf } from "../../core/locale.js";
import { FACTORS_SCRIPT } from "./factors/script.js";
import { FACTORS_STYLE } from "./factors/style.js";
import { html, raw } from "./html.js";
import { isLocalPath } from "./local-path.js";
import { PASSKEY_SCRIPT } from "./passkey/script.js";
import { SCRIPT } from "./script.js";
import { problemWords, readView, type Situation } from "./situation.js";
import { bodyFor } from "./states.js";
import { STYLE } from "./style.js";
import { themeRule, type Theme } from "./theme.js";
import type { PageView } from "./view.js";
import type { PageWords } from "./words.js";

/**
 * Under `no-referrer` a browser posts a form with `Origin: null`, and every check of the origin refuses it: ours, and
 * that of the app whose form is sent again (Fetch, "append a request Origin header"). This tells nobody else either,
 * and in the document it outranks the header, which may stay stricter.
 */
const REFERRER = "same-origin";

/**
 * The challenge page as a whole document, in the words of `words`: ours where there is none.
 *
 * @throws TwoFactorError `misconfigured` for a link that leaves this origin and for a theme `checkTheme` refuses. A
 *   `back` or a replay that leaves it came with a request, so it is dropped instead.
 */
export function renderPage(view: PageView, theme?: Theme, words?: PageWords): string {
  const situation = readView(withLocalTargets(view), words);
  const { locale } = situation.language;
  const document = html`<!doctype html>
    <html lang="${locale}" dir="${directionOf(locale)}">
      <head>
        <meta charset="utf-8" />
        <title>${title(situation)}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta name="referrer" content="${REFERRER}" />
        <meta name="format-detection" content="telephone=no" />
        <style nonce="${view.nonce}">
          ${raw(STYLE + (view.factors || view.devices ? FACTORS_STYLE : "") + themeRule(theme))}
        </style>
      </head>
      <body>
        <main>${bodyFor(situation)}</main>
        <script nonce="${view.nonce}">
          ${raw(SCRIPT + (view.factors ? FACTORS_SCRIPT : "") + (asksPasskey(view) ? PASSKEY_SCRIPT : ""))};
        ${SCRIPT_END}
      </body>
    </html> `;
  return document.toString();
}

/** Bundlers rewrite a template that has this in it, for those who put it into a page themselves. */
const SCRIPT_END = raw("</script>");

function asksPasskey({ challenge, factors }: PageView): boolean {
  return challenge?.publicKey !== undefined || (factors?.step === "confirm" && factors.setup.publicKey !== undefined);
}

/** An error comes first: it is what a screen reader says first, and what a narrow tab still shows. */
function title(situation: Situation): string {
  const { view, problem, heading } = situation;
  const error = problem && problemWords(situation, problem)[0];
  return [error === heading ? undefined : error, heading, view.service].filter(Boolean).join(" · ");
}

function withLocalTargets(view: PageView): PageView {
  const { back, ...links } = view.links;
  for (const [name, path] of Object.entries(links)) {
    if (!isLocalPath(path)) throw misconfigured(`page: links.${name} has to be a path of this origin.`);
  }
  const { replay, ...rest } = view;
  return {
    ...rest,
    links: { ...links, ...(isLocalPath(back) && { back }) },
    ...(replay && isLocalPath(replay.action) && { replay }),
  };
}
