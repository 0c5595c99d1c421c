import { html, type Html, type Part } from "./html.js";
import { icon } from "./icons.js";
import { alert, backLink, button, hidden, linkButton, postForm, top } from "./parts.js";
import type { Situation } from "./situation.js";
import { fill } from "./texts.js";
import type { PageDevice } from "./view.js";
import { visible } from "./visible.js";

/** The content of the card, for the page of trusted devices. */
export function devicesBody(situation: Situation, devices: readonly PageDevice[]): Html {
  const { view, language } = situation;
  const { texts } = language;
  return html`${top(situation, "lock")}
    <p class="lead">${texts.devices.lead}</p>
    ${alert(situation)} ${devicesPart(situation, devices)}
    ${view.links.factors !== undefined && linkButton(view.links.factors, texts.button.back, "quiet plain")}
    ${view.links.factors === undefined && backLink(situation, "quiet plain")}`;
}

/** The list by itself, for any page: each with a button that ends it, and one that ends them all. */
export function devicesPart(situation: Situation, devices: readonly PageDevice[]): Html {
  const { view, language } = situation;
  const { texts } = language;
  if (devices.length === 0) return html`<p class="fine hint">${texts.devices.none}</p>`;
  const action = `${view.links.devices ?? ""}/remove`;
  return html`<ul class="cards" role="list">
      ${devices.map((device) => row(situation, action, device))}
    </ul>
    ${postForm(action, button(texts.devices.removeAll, "quiet"))}`;
}

function row({ language }: Situation, action: string, { id, name, lastUsedAt, expiresAt }: PageDevice): Html {
  const { texts } = language;
  const called = name === "" ? texts.devices.unnamed : visible(name);
  const used = fill(texts.factors.used, { date: language.day(lastUsedAt) });
  return html`<li>
    <div class="what">
      <strong><bdi>${called}</bdi></strong>
      <p class="fine">${used}<br />${fill(texts.devices.until, { date: language.day(expiresAt) })}</p>
    </div>
    <form method="post" action="${action}">
      ${hidden("device", id)}
      <button type="submit" class="quiet" aria-label="${texts.factors.remove}: ${called}">
        ${texts.factors.remove}
      </button>
    </form>
  </li>`;
}

/** Beside the code, where this browser may be trusted from now on. Never ticked by itself. */
export function trustBox({ view, language }: Situation): Part {
  const { texts } = language;
  return (
    view.trustable === true &&
    html`<label class="tick"><input type="checkbox" name="trustDevice" value="true" /> ${texts.devices.trust}</label>
      <p class="fine" id="trust-hint">${texts.devices.hint}</p>`
  );
}

/** "This was not me", from a message: asked once more, since whatever opens links is not a person yet. */
export function reportBody(situation: Situation): Html {
  const { view, language } = situation;
  const { report: texts } = language.texts;
  const { report } = view;
  if (report?.step === "done") {
    return html`${top(situation, "check", "good")}
      <p class="lead" role="status">${texts.done}</p>
      ${home(situation)}`;
  }
  if (report?.step !== "confirm") {
    return html`${top(situation, "alert")}
      <p class="lead">${texts.invalid}</p>
      ${home(situation)}`;
  }
  return html`${top(situation, "question")}
    <p class="lead">${texts.lead}</p>
    ${postForm(view.links.notMe ?? "", hidden("t", report.token), button(html`${icon("stop")}<span>${texts.confirm}</span>`, "primary"))}`;
}

/** Whoever came by a link came from nowhere on this site. */
function home({ language }: Situation): Html {
  return linkButton("/", language.texts.button.continue, "primary");
}
