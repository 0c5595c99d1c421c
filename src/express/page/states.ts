import type { ErrorCode } from "../../core/errors.js";
import { challengeBody } from "./challenge.js";
import { factorsBody } from "./factors/body.js";
import { devicesBody, reportBody } from "./devices.js";
import { html, type Html, type Part } from "./html.js";
import type { IconName } from "./icons.js";
import { advice, backLink, button, hidden, linkButton, otherWays, postForm, top } from "./parts.js";
import type { Situation } from "./situation.js";

/** The content of the card. */
export function bodyFor(situation: Situation): Html {
  if (situation.open) return challengeBody(situation, situation.open);
  switch (situation.state) {
    case "done":
      return done(situation);
    case "ended":
      return ended(situation);
    case "login":
      return message(situation, "lock", logIn(situation), backLink(situation, "quiet plain"));
    case "unavailable":
      return unavailable(situation);
    case "not_enrolled":
      return message(situation, "lock", backLink(situation, "primary"));
    case "factors":
      return situation.view.factors
        ? factorsBody(situation, situation.view.factors)
        : message(situation, "question", backLink(situation, "primary"));
    case "devices":
      return devicesBody(situation, situation.view.devices ?? []);
    case "report":
      return reportBody(situation);
    case "challenge":
    case "nothing":
      return message(situation, "question", backLink(situation, "primary"));
  }
}

function done(situation: Situation): Html {
  const { view, language } = situation;
  const { texts } = language;
  return html`${top(situation, "check", "good")}
    <p class="lead">${texts.explain.done}</p>
    ${view.replay ? replayForm(situation) : goOn(situation)}`;
}

function goOn({ view, language }: Situation): Part {
  const { back } = view.links;
  return back !== undefined && linkButton(back, language.texts.button.continue, "primary");
}

/** The interrupted POST, byte for byte. The script sends it at once; without one, the button does. */
function replayForm({ view, language }: Situation): Part {
  const { replay } = view;
  if (!replay) return undefined;
  const fields = replay.fields.map(([name, value]) => hidden(name, value));
  return html`<form method="post" action="${replay.action}" id="replay" accept-charset="utf-8" autocomplete="off">
    ${fields}${button(language.texts.button.continue, "primary")}
  </form>`;
}

/** How a challenge can end, and what stands for it. Nothing at all: it was canceled. */
const ENDINGS: Readonly<Partial<Record<ErrorCode, IconName>>> = {
  challenge_expired: "clock",
  challenge_used: "check",
  challenge_spent: "lock",
  account_locked: "lock",
};

function ended(situation: Situation): Html {
  const code = situation.problem?.code;
  const symbol = code ? (ENDINGS[code] ?? "alert") : "stop";
  if (code === "account_locked") {
    return message(situation, symbol, retry(situation), backLink(situation, "quiet plain"));
  }
  // what has been confirmed needs no second start, though it may have one
  if (code === "challenge_used" && situation.view.links.back !== undefined) {
    return message(situation, symbol, backLink(situation, "primary"), restart(situation, "quiet"));
  }
  return message(
    situation,
    symbol,
    restart(situation, "primary"),
    otherWays(situation),
    backLink(situation, "quiet plain"),
  );
}

function restart({ view, language }: Situation, look: "primary" | "quiet"): Html {
  const named = [hidden("challenge", view.challenge?.id), hidden("method", view.challenge?.method)];
  return postForm(view.links.challenge, ...named, button(language.texts.button.restart, look));
}

function unavailable(situation: Situation): Html {
  const locked = situation.problem?.code === "account_locked";
  return message(situation, locked ? "lock" : "alert", retry(situation), backLink(situation, "quiet plain"));
}

/** To the app's login; where it has named none, this page once more. */
function logIn(situation: Situation): Html {
  const { login } = situation.view.links;
  return login === undefined ? retry(situation) : linkButton(login, situation.language.texts.button.login, "primary");
}

function retry({ view, language }: Situation): Html {
  return linkButton(view.links.page, language.texts.button.retry, "primary");
}

/** A heading, what it means, and the ways on. */
function message(situation: Situation, symbol: IconName, ...ways: readonly Part[]): Html {
  const { explain } = situation.language.texts;
  const text = situation.state === "nothing" ? explain.nothing : (advice(situation) ?? explain.canceled);
  const bad = situation.state === "unavailable" || situation.problem?.code === "challenge_spent";
  return html`${top(situation, symbol, bad ? "bad" : "")}
    <p class="lead" ${bad && html` role="alert"`}>${text}</p>
    ${ways}`;
}
