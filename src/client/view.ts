import type { Asking, Problem } from "./asking.js";
import type { Language } from "./language.js";
import { hasPasskeys } from "./passkey.js";

/** What stays from one question to the next. */
export interface Scene extends Language {
  readonly asking: Asking;
  /** With what has been typed. */
  readonly input: HTMLInputElement;
}

type Child = Node | string;

/** The question as it stands. */
export function draw(scene: Scene, isSent: boolean): HTMLFormElement {
  const { asking, texts, input } = scene;
  const { challenge, methods, problem, ended } = asking;
  const { method, to = "", show } = challenge;
  const isPasskey = method === "passkey";
  const others = methods.filter((other) => !ended && other !== method && texts.method[other]);
  const lead = texts.sent[method]?.[0] ?? texts.prompt[method] ?? texts.method[method] ?? "";
  input.inputMode = method === "recovery-code" ? "text" : "numeric";
  return make(
    "form",
    { method: "dialog" },
    make("h2", {}, texts.heading.confirm),
    show ? make("dl", {}, make("dt", {}, texts.approving), ...show.flatMap(pair)) : "",
    isSent ? make("p", { role: "status" }, texts.sentAgain) : "",
    problem ? make("p", { role: "alert" }, ...words(scene, problem)) : "",
    // from left to right, whatever is around it
    ended ? "" : make("label", {}, lead.replace("{to}", `\u2066${to}\u2069`), isPasskey ? "" : input),
    ended ? "" : button(isPasskey ? method : "verify", texts.button.confirm),
    ended || challenge.resendAt ? again(scene) : "",
    others[0] ? make("p", {}, texts.anotherWay) : "",
    ...others.map((other) => button(other, texts.method[other])),
    button("cancel", texts.button.cancel),
  );
}

/** Of somebody else's making: the value has its own direction. */
function pair([label, value]: readonly [string, string]): HTMLElement[] {
  return [make("dt", {}, label), make("dd", { dir: "auto" }, value)];
}

/** What went wrong, and what to do about it. */
function words({ asking, texts, locale }: Scene, { code, title = "", attemptsLeft: left }: Problem): Child[] {
  const isRefused = code === "wrong_code" && asking.challenge.method === "passkey";
  const [heading, advice = ""] = isRefused
    ? [texts.passkey[hasPasskeys() ? "refused" : "unsupported"]]
    : (texts.problem[code] ?? [title]);
  const form = left ? (texts.attempts[new Intl.PluralRules(locale).select(left)] ?? texts.attempts.other) : "";
  return [
    make("b", {}, heading),
    `${advice.replace("{wait}", texts.later ?? "")} ${form.replace("{count}", String(left))}`,
  ];
}

/** Asks for the code once more, when its time has come. */
function again({ asking: { challenge, problem, ended }, texts }: Scene): HTMLElement {
  const element = button("resend");
  const resendAt = ended ? 0 : Date.parse(challenge.resendAt ?? "");
  const until = Math.max(resendAt || 0, Date.now() + (problem?.retryAfter ?? 0) * 1000);
  const tick = (): void => {
    const left = Math.ceil((until - Date.now()) / 1000);
    element.disabled = left > 0;
    element.textContent = texts.button[ended ? "restart" : "resend"] + (left > 0 ? ` (${left})` : "");
    if (left > 0) setTimeout(tick, 500);
  };
  tick();
  return element;
}

function button(value: string, text = ""): HTMLButtonElement {
  return make("button", { value }, text);
}

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
