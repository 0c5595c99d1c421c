import { trustBox } from "../devices.js";
import { html, type Html, type Part } from "../html.js";
import { icon } from "../icons.js";
import { alert, hidden, linkButton, top } from "../parts.js";
import type { Situation } from "../situation.js";
import type { PageChallenge, PageSetup } from "../view.js";

/** In the place of the form with the code: a button, since what is being approved has to be read before it is pressed. */
export function passkeyForm(situation: Situation, { id, publicKey }: PageChallenge): Part {
  const { links } = situation.view;
  return (
    publicKey &&
    ceremony(situation, {
      action: links.verify,
      asked: html`data-get="${JSON.stringify(publicKey)}" data-page="${links.page}"`,
      fields: hidden("challenge", id),
      more: trustBox(situation),
      label: situation.language.texts.passkey.use,
      refused: situation.language.texts.passkey.refused,
    })
  );
}

/** Where a passkey is made. */
export function passkeySetUp(situation: Situation, { id, method, publicKey }: PageSetup): Html {
  const { view, language } = situation;
  const { passkey, button } = language.texts;
  const base = view.links.factors ?? "";
  return html`${top(situation, method)}
    <p class="lead">${passkey.making}</p>
    ${alert(situation)}
    ${
      publicKey &&
      ceremony(situation, {
        action: `${base}/confirm`,
        asked: html`data-create="${JSON.stringify(publicKey)}" data-page="${base}"`,
        fields: html`${hidden("enrollment", id)} ${hidden("method", method)}`,
        label: passkey.make,
        refused: passkey.notMade,
      })
    }
    ${linkButton(base, button.cancel, "quiet plain")}`;
}

interface Ceremony {
  readonly action: string;
  /** What the script hands to the browser: `PasskeyRequest` or `PasskeyCreation`, and where a new one is to be had. */
  readonly asked: Html;
  readonly fields: Part;
  readonly more?: Part;
  readonly label: string;
  readonly refused: string;
}

/** An ordinary form, which the script fills in and sends. Without one it is a sentence that says so. */
function ceremony({ language }: Situation, { action, asked, fields, more, label, refused }: Ceremony): Html {
  const { known, unsupported, noScript } = language.texts.passkey;
  return html`<form method="post" action="${action}" id="passkey" autocomplete="off" ${asked}>
    ${fields}<input type="hidden" name="code" />
    <div
      class="alert"
      role="alert"
      id="passkey-problem"
      data-refused="${refused}"
      data-known="${known}"
      data-unsupported="${unsupported}"
      hidden
    >
      ${icon("alert")}
      <p></p>
    </div>
    <div id="passkey-ask" hidden>${more}<button type="button" class="primary">${icon("passkey")}${label}</button></div>
    <noscript><p class="fine">${noScript}</p></noscript>
  </form>`;
}
