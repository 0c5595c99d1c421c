import { trustBox } from "./devices.js";
import { html, type Html, type Part } from "./html.js";
import { icon } from "./icons.js";
import { alert, button, hidden, otherWays, postForm, top } from "./parts.js";
import { passkeyForm } from "./passkey/body.js";
import type { Situation } from "./situation.js";
import { fill, type Language } from "./texts.js";
import { visible } from "./visible.js";
import { isSent } from "../../methods/method.js";
import type { PageChallenge } from "./view.js";

/** Room for a code with spaces and dashes, and for one pasted with a few words around it. */
const MAX_INPUT = 64;

/** The state where a code is entered. What is being approved comes before the place to approve it. */
export function challengeBody(situation: Situation, open: PageChallenge): Html {
  const { view, language } = situation;
  return html`${top(situation, open.method)} ${panel(situation)} ${lead(open, language)}
    ${view.notice === "sent" && notice(language)} ${alert(situation)}
    ${open.method === "passkey" ? passkeyForm(situation, open) : verifyForm(situation, open)}
    ${open.resendIn !== undefined && resendForm(situation, open, open.resendIn)} ${otherWays(situation)}
    <div class="foot">
      ${open.method !== "passkey" && html`<p class="fine">${language.texts.neverShare}</p>`}
      ${postForm(view.links.cancel, hidden("challenge", open.id), button(language.texts.button.cancel, "quiet plain"))}
    </div>`;
}

/** One sentence: where the code comes from. Where sending failed, the alert says so instead. */
function lead({ method, to, delivery }: PageChallenge, { texts }: Language): Part {
  if (isSent(method)) {
    if (delivery !== "sent" && delivery !== "sending") return undefined;
    const [withRecipient, without] = texts[delivery][method];
    const recipient =
      to === undefined ? without : fill(withRecipient, { to: html`<bdi dir="ltr">${visible(to)}</bdi>` });
    return html`<p class="lead" id="hint">${recipient}</p>`;
  }
  return Object.hasOwn(texts.prompt, method) && html`<p class="lead" id="hint">${texts.prompt[method]}</p>`;
}

function panel({ view, language, approval }: Situation): Part {
  if (!approval) return undefined;
  // the name of an action is written for programs: "transfer:confirm" reads better with spaces
  const deed = view.action && visible(view.action.replace(/[\s:._-]+/g, " "));
  const rows = view.show.map(
    ([label, value]) =>
      html`<div>
        <dt><bdi>${visible(label)}</bdi></dt>
        <dd><bdi>${value === "" ? "–" : visible(value)}</bdi></dd>
      </div>`,
  );
  return html`<section class="panel" id="approving" aria-labelledby="approving-title">
    <h2 id="approving-title">${language.texts.approving}</h2>
    ${deed && html`<p class="deed"><bdi>${deed}</bdi></p>`} ${rows.length > 0 && html`<dl>${rows}</dl>`}
  </section>`;
}

function notice({ texts }: Language): Html {
  return html`<p class="note" role="status">${icon("check")}<span>${texts.sentAgain}</span></p>`;
}

function verifyForm(situation: Situation, open: PageChallenge): Html {
  const { view, language, approval, problem } = situation;
  const { texts } = language;
  const otp = open.method === "sms" && html` data-otp`;
  // a code that fills itself in must not approve a transaction nobody has read
  const review = approval && html` data-review`;
  return html`<form method="post" action="${view.links.verify}" id="verify" autocomplete="off" ${otp}${review}>
    ${hidden("challenge", open.id)}
    <label for="code">${labelFor(open, language)}</label>
    ${codeInput(situation, open)}
    <p class="fine facts" id="facts">
      ${problem?.code !== "wrong_code" && html`<span>${language.count(texts.attempts, open.attemptsLeft)}</span>`}<span
        data-until="${open.expiresAt}"
        data-text="${texts.validUntil}"
        hidden
      ></span>
    </p>
    ${trustBox(situation)} ${button(approval ? texts.button.approve : texts.button.confirm, "primary")}
  </form>`;
}

function labelFor({ method, digits }: PageChallenge, language: Language): string {
  const { texts } = language;
  if (method === "recovery-code") return texts.recoveryCode;
  return hasDigits(digits) ? language.count(texts.codeWithDigits, digits) : texts.code;
}

function hasDigits(digits: number): boolean {
  return Number.isInteger(digits) && digits > 0;
}

function codeInput({ problem, approval }: Situation, { method, digits, delivery }: PageChallenge): Html {
  const mistaken = problem?.code === "wrong_code" || problem?.code === "invalid_request";
  const hinted = !isSent(method) || delivery === "sent" || delivery === "sending";
  const described = [problem && "problem", hinted && "hint", approval && "approving", "facts"]
    .filter(Boolean)
    .join(" ");
  // enough digits of any script with anything between them: a code that is one short costs no attempt
  const numeric =
    method !== "recovery-code" &&
    hasDigits(digits) &&
    html` data-digits="${digits}" pattern="\\P{Nd}*(?:\\p{Nd}\\P{Nd}*){${digits}}"`;
  const keyboard =
    method === "recovery-code"
      ? html`inputmode="text" autocomplete="off" autocapitalize="characters"`
      : html`inputmode="numeric" autocomplete="one-time-code" autocapitalize="off"`;
  return html`<input
    id="code"
    name="code"
    type="text"
    dir="ltr"
    ${keyboard}
    autocorrect="off"
    spellcheck="false"
    maxlength="${MAX_INPUT}"
    required
    autofocus
    enterkeyhint="done"
    ${numeric}
    aria-describedby="${described}"
    ${mistaken && html` aria-invalid="true"`}
  />`;
}

function resendForm({ view, language, problem }: Situation, { id, method }: PageChallenge, resendIn: number): Html {
  const { texts } = language;
  const call = method === "voice";
  const wait = problem?.code === "limit_exceeded" ? Math.max(resendIn, problem.retryAfter ?? 0) : resendIn;
  const waiting = wait > 0 && html` data-wait="${wait}" data-waiting="${call ? texts.callIn : texts.resendIn}"`;
  return postForm(
    view.links.resend,
    hidden("challenge", id),
    html`<button type="submit" class="quiet" ${waiting}>${call ? texts.button.call : texts.button.resend}</button>`,
  );
}
