import { misconfigured } from "../../../core/errors.js";
import { isSent } from "../../../methods/method.js";
import { html, type Html, type Part, raw } from "../html.js";
import { alert, button, hidden, linkButton, top } from "../parts.js";
import type { Situation } from "../situation.js";
import { fill } from "../texts.js";
import type { PageQr, PageSetup } from "../view.js";
import { visible } from "../visible.js";

/** Shows what there is to scan or says where the code went, and asks for it. */
export function confirmBody(situation: Situation, setup: PageSetup): Html {
  const { view, language, problem } = situation;
  const { texts } = language;
  const base = view.links.factors ?? "";
  return html`${top(situation, setup.method)}
    <p class="lead" id="hint">${lead(situation, setup)}</p>
    ${alert(situation)} ${secretPart(situation, setup)}
    <form method="post" action="${base}/confirm" id="verify" autocomplete="off">
      ${hidden("enrollment", setup.id)} ${hidden("method", setup.method)}
      <label for="code">${language.count(texts.codeWithDigits, setup.digits)}</label>
      <input
        id="code"
        name="code"
        type="text"
        dir="ltr"
        inputmode="numeric"
        autocomplete="one-time-code"
        autocapitalize="off"
        autocorrect="off"
        spellcheck="false"
        maxlength="64"
        required
        ${setup.qr === undefined && html` autofocus`}
        enterkeyhint="done"
        data-digits="${setup.digits}"
        pattern="\\P{Nd}*(?:\\p{Nd}\\P{Nd}*){${setup.digits}}"
        aria-describedby="${problem ? "problem hint" : "hint"}"
        ${problem && html` aria-invalid="true"`}
      />
      ${button(texts.button.confirm, "primary")}
    </form>
    ${linkButton(base, texts.button.cancel, "quiet plain")}`;
}

function lead({ language }: Situation, { method, to, qr }: PageSetup): Part {
  const { texts } = language;
  if (qr) return texts.factors.scan;
  if (!isSent(method)) return texts.factors.enter;
  const [withRecipient, without] = texts.sent[method];
  return to === undefined ? without : fill(withRecipient, { to: html`<bdi dir="ltr">${visible(to)}</bdi>` });
}

function secretPart({ language }: Situation, { secret, uri, qr }: PageSetup): Part {
  const { factors } = language.texts;
  if (secret === undefined) return undefined;
  const groups = secret.match(/.{1,4}/gu)?.join(" ") ?? "";
  return html`${qr && html`<div class="qr">${drawn(qr, factors.qr)}</div>`}
    <p class="fine key">${factors.key} <code dir="ltr">${groups}</code></p>
    ${uri?.startsWith("otpauth://") && linkButton(uri, factors.openApp, "quiet")}`;
}

/** Numbers and four letters: nothing else gets into the document unescaped. */
const DOTS = /^(?:M\d{1,3} \d{1,3}h\d{1,3}v1h-\d{1,3}z)*$/;

function drawn({ size, path }: PageQr, label: string): Html {
  if (!Number.isInteger(size) || !DOTS.test(path)) throw misconfigured("page: the QR code is no path of bars.");
  return html`<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges">
    <path d="${raw(path)}" />
  </svg>`;
}
