import { isSent } from "../../../methods/method.js";
import { FEW_CODES } from "../../../step-up/factor-use.js";
import { html, type Html, type Part } from "../html.js";
import { icon } from "../icons.js";
import { alert, backLink, button, hidden, linkButton, postForm, top } from "../parts.js";
import type { Situation } from "../situation.js";
import { fill } from "../texts.js";
import type { PageFactor, PageFactors } from "../view.js";
import { visible } from "../visible.js";
import { passkeySetUp } from "../passkey/body.js";
import { confirmBody } from "./confirm.js";

type Step<S extends PageFactors["step"]> = Extract<PageFactors, { readonly step: S }>;

/** The content of the card, for the pages of factors. */
export function factorsBody(situation: Situation, about: PageFactors): Html {
  switch (about.step) {
    case "list":
      return listBody(situation, about);
    case "address":
      return addressBody(situation, about);
    case "confirm":
      return about.setup.method === "passkey"
        ? passkeySetUp(situation, about.setup)
        : confirmBody(situation, about.setup);
    case "factor":
      return factorBody(situation, about);
    case "codes":
      return codesBody(situation, about);
  }
}

function listBody(situation: Situation, about: Step<"list">): Html {
  const { texts } = situation.language;
  const { devices } = situation.view.links;
  const { factors, required, done, recoveryCodesLeft: left } = about;
  const said = required && factors.length === 0 ? texts.factors.required : texts.factors.lead;
  return html`${top(situation, "lock")}
    <p class="lead">${said}</p>
    ${done && html`<p class="note" role="status">${icon("check")}<span>${texts.factors.done[done]}</span></p>`}
    ${alert(situation)}
    ${
      factors.length === 0
        ? html`<p class="fine hint">${texts.factors.none}</p>`
        : html`<ul class="cards" role="list">
            ${factors.map((factor) => row(situation, factor))}
          </ul>`
    }
    ${ways(situation, about)} ${left !== undefined && codesPart(situation, left, factors.length === 0)}
    ${devices !== undefined && linkButton(devices, texts.devices.title, "quiet plain")}
    ${backLink(situation, "quiet plain")}`;
}

function row({ view, language }: Situation, factor: PageFactor): Html {
  const { texts } = language;
  const { id, method, to } = factor;
  return html`<li>
    ${icon(method)}
    <div class="what">
      <strong><bdi>${nameOf(factor, texts.method[method])}</bdi></strong>
      ${to !== undefined && html`<bdi dir="ltr">${visible(to)}</bdi>`}
      <p class="fine">${kindOf(factor, language)}${dates({ view, language }, factor)}</p>
    </div>
    <a
      class="change"
      href="${view.links.factors ?? ""}?factor=${encodeURIComponent(id)}"
      aria-label="${texts.factors.change}: ${nameOf(factor, texts.method[method])}"
      >${texts.factors.change}</a
    >
  </li>`;
}

/** Which of their passkeys it is, people tell by where it works. */
function kindOf({ synced }: PageFactor, { texts }: Situation["language"]): Part {
  return synced !== undefined && html`${synced ? texts.passkey.synced : texts.passkey.single}<br />`;
}

function nameOf({ name }: PageFactor, method: string): string {
  return name === "" ? method : visible(name);
}

function dates({ language }: Pick<Situation, "view" | "language">, { createdAt, lastUsedAt }: PageFactor): Html {
  const { factors } = language.texts;
  return lastUsedAt === undefined
    ? fill(factors.added, { date: language.day(createdAt) })
    : fill(factors.used, { date: language.day(lastUsedAt) });
}

/** What needs an address asks for it first; anything else begins at once. */
function ways({ view, language }: Situation, { addable }: Step<"list">): Part {
  const { texts } = language;
  const base = view.links.factors ?? "";
  if (addable.length === 0) return undefined;
  const rows = addable.map((method) => {
    const label = html`${icon(method)}<span>${texts.method[method]}</span>`;
    return html`<li>
      ${
        isSent(method)
          ? html`<a class="button way" href="${base}?add=${method}">${label}</a>`
          : postForm(`${base}/enroll`, hidden("method", method), button(label, "way"))
      }
    </li>`;
  });
  return html`<section class="others" aria-labelledby="others">
    <h2 id="others">${texts.factors.add}</h2>
    <ul role="list">
      ${rows}
    </ul>
  </section>`;
}

function codesPart({ view, language }: Situation, left: number, useless: boolean): Part {
  const { codes } = language.texts.factors;
  if (useless && left === 0) return undefined;
  return html`<section class="apart" aria-labelledby="recovery">
    <h2 id="recovery">${codes.title}</h2>
    <p class="fine hint">${codes.lead} ${left > 0 && leftOf(language.count(codes.left, left), left)}</p>
    ${left > 0 && html`<p class="fine">${codes.replacing}</p>`}
    ${postForm(`${view.links.factors ?? ""}/recovery-codes`, button(codes.make, "quiet"))}
  </section>`;
}

function leftOf(text: string, left: number): Part {
  return left <= FEW_CODES ? html`<strong>${text}</strong>` : text;
}

function addressBody(situation: Situation, { method }: Step<"address">): Html {
  const { view, language, problem } = situation;
  const { factors } = language.texts;
  const mail = method === "email";
  const kind = mail
    ? html`type="email" autocomplete="email" inputmode="email"`
    : html`type="tel" autocomplete="tel" inputmode="tel"`;
  return html`${top(situation, method)} ${alert(situation)}
    <form method="post" action="${view.links.factors ?? ""}/enroll">
      ${hidden("method", method)}
      <label for="to">${mail ? factors.email : factors.phone}</label>
      <input
        id="to"
        name="to"
        class="plain-text"
        dir="ltr"
        ${kind}
        maxlength="200"
        required
        autofocus
        ${!mail && html` aria-describedby="hint"`}
        ${problem && html` aria-invalid="true"`}
      />
      ${!mail && html`<p class="fine hint" id="hint">${factors.phoneHint}</p>`} ${button(factors.send, "primary")}
    </form>
    ${linkButton(view.links.factors ?? "", language.texts.button.back, "quiet plain")}`;
}

function factorBody(situation: Situation, { factor, last }: Step<"factor">): Html {
  const { view, language } = situation;
  const { factors, button: labels, method } = language.texts;
  const base = view.links.factors ?? "";
  return html`${top(situation, factor.method)}
    <p class="lead">${whatElse(factor, method[factor.method])} ${dates(situation, factor)}</p>
    ${alert(situation)}
    <form method="post" action="${base}/rename">
      ${hidden("factor", factor.id)}
      <label for="name">${factors.name}</label>
      <input id="name" name="name" type="text" class="plain-text" dir="auto" maxlength="60" value="${factor.name}" />
      ${button(factors.save, "primary")}
    </form>
    <section class="apart" aria-labelledby="remove">
      <h2 id="remove">${factors.remove}</h2>
      <p class="fine hint">${last ? factors.removingLast : factors.removing}</p>
      <form method="post" action="${base}/remove">
        ${hidden("factor", factor.id)}
        <button type="submit" class="danger">${factors.remove}</button>
      </form>
    </section>
    ${linkButton(base, labels.back, "quiet plain")}`;
}

/** What the heading does not say already. */
function whatElse({ to, name }: PageFactor, method: string): Part {
  if (to !== undefined) return html`<bdi dir="ltr">${visible(to)}</bdi> ·`;
  return name !== "" && html`${method} ·`;
}

function codesBody(situation: Situation, { codes }: Step<"codes">): Html {
  const { view, language } = situation;
  const texts = language.texts.factors.codes;
  return html`${top(situation, "recovery-code")}
    <p class="lead">${texts.shown}</p>
    <ul class="codes" id="codes" role="list" dir="ltr">
      ${codes.map((code) => html`<li>${code}</li>`)}
    </ul>
    <div class="tools" id="code-tools" hidden>
      <button type="button" class="quiet" id="print">${texts.print}</button>
      <button type="button" class="quiet" id="copy" data-copied="${texts.copied}">${texts.copy}</button>
      <a class="button quiet" id="download" download="recovery-codes.txt" href="#codes">${texts.download}</a>
    </div>
    <p class="fine" id="copied" role="status"></p>
    ${linkButton(view.links.factors ?? "", texts.saved, "primary")}`;
}
