import { html, type Html, type Part } from "./html.js";
import { icon, type IconName } from "./icons.js";
import { problemWords, type Situation } from "./situation.js";
import { fill } from "./texts.js";
import { visible } from "./visible.js";

export function top(situation: Situation, symbol: IconName, tone: "" | "good" | "bad" = ""): Html {
  const { service } = situation.view;
  return html`<div class="top">
      <span class="badge ${tone}">${icon(symbol)}</span>${
        service !== undefined && html`<span class="service" dir="auto">${visible(service)}</span>`
      }
    </div>
    <h1>${situation.heading}</h1>`;
}

/** The full stop of Japanese and Chinese, which has its space in itself. */
const WIDE_STOP = "\u3002";

/** What to do about the problem, in one or two sentences. */
export function advice(situation: Situation): Part {
  const { problem, language } = situation;
  if (!problem) return undefined;
  const { attemptsLeft, code, retryAfter } = problem;
  const text = fill(problemWords(situation, problem)[1], { wait: language.ahead(retryAfter) });
  if (code !== "wrong_code" || attemptsLeft === undefined) return text;
  const left = language.count(language.texts.attempts, attemptsLeft);
  return String(text).endsWith(WIDE_STOP) ? html`${text}${left}${WIDE_STOP}` : html`${text} ${left}.`;
}

export function alert(situation: Situation): Part {
  const { problem } = situation;
  if (!problem) return undefined;
  return html`<div class="alert" role="alert" id="problem">
    ${icon("alert")}
    <p><strong>${problemWords(situation, problem)[0]}</strong>${advice(situation)}</p>
  </div>`;
}

export function hidden(name: string, value: string | undefined): Part {
  return value !== undefined && html`<input type="hidden" name="${name}" value="${value}" />`;
}

export function button(label: Part, look: "primary" | "quiet" | "quiet plain" | "way"): Html {
  return html`<button type="submit" class="${look}">${label}</button>`;
}

export function postForm(action: string, ...content: readonly Part[]): Html {
  return html`<form method="post" action="${action}">${content}</form>`;
}

export function linkButton(href: string, label: string, look: "primary" | "quiet" | "quiet plain"): Html {
  return html`<a class="button ${look}" href="${href}">${label}</a>`;
}

export function backLink(situation: Situation, look: "primary" | "quiet plain"): Part {
  const { back } = situation.view.links;
  return back !== undefined && linkButton(back, situation.language.texts.button.back, look);
}

/**
 * A form for every other method: switching is a POST, as it may send a message. It names no action, which would ask
 * for a challenge of its own; without one, what is open goes on, and what it approves with it.
 */
export function otherWays({ view, language }: Situation): Part {
  if (view.alternatives.length === 0) return undefined;
  const { texts } = language;
  const rows = view.alternatives.map(({ method, factor, name, to }) => {
    const kind = Object.hasOwn(texts.method, method) ? texts.method[method] : method;
    const label = html`${icon(method)}<span>${kind}${
      name !== undefined && html` <bdi class="fine">${visible(name)}</bdi>`
    }</span>${to !== undefined && html` <bdi dir="ltr">${visible(to)}</bdi>`}`;
    const named = [hidden("challenge", view.challenge?.id), hidden("method", method), hidden("factor", factor)];
    return html`<li>${postForm(view.links.challenge, ...named, button(label, "way"))}</li>`;
  });
  return html`<section class="others" aria-labelledby="others">
    <h2 id="others">${texts.anotherWay}</h2>
    <ul role="list">
      ${rows}
    </ul>
  </section>`;
}
