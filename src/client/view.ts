import type { PublicChoice } from "../express/wire.js";
import type { Asking, Problem } from "./asking.js";
import type { Language } from "./language.js";

/** What stays from one question to the next. */
export interface Scene extends Language {
  readonly asking: Asking;
  /** With what has been typed. */
  readonly input: HTMLInputElement;
}

/** The question as it stands. */
export function draw(scene: Scene, isSent: boolean): HTMLFormElement {
  const { asking, texts } = scene;
  const { challenge, problem, ended } = asking;
  const { resendAt, show, choices } = challenge;
  const other = (it: PublicChoice): HTMLElement[] =>
    way(it) === way(challenge) ? [] : [button(way(it), `${texts.method[it.method]} ${isolate(it.to)}`)];
  return make(
    "form",
    { method: "dialog" },
    make("h2", {}, texts.heading.confirm),
    ...(show ? [make("p", {}, texts.approving), make("dl", {}, ...show.flatMap(pair))] : []),
    isSent && resendAt ? make("p", { role: "status" }, texts.sentAgain) : "",
    problem ? make("p", { role: "alert" }, ...words(scene, problem)) : "",
    ...(ended ? [] : question(scene)),
    ended || resendAt ? again(scene) : "",
    ...(choices && !ended ? [make("p", {}, texts.anotherWay), ...choices.flatMap(other)] : []),
    button("", texts.button.cancel),
  );
}

/** As the value of a button: a method, a space, and what factor of it. */
function way({ method, factor }: Pick<PublicChoice, "method" | "factor">): string {
  return [method, factor].join(" ");
}

/** Of somebody else's making: the value has its own direction. */
function pair([label, value]: readonly [string, string]): HTMLElement[] {
  return [make("dt", {}, label), make("dd", { dir: "auto" }, value)];
}

/** What went wrong, and what to do about it. */
function words({ texts, locale }: Scene, { code, title = "", attemptsLeft: left }: Problem): (Node | string)[] {
  const [heading, advice = ""] = texts.problem[code] ?? [title];
  const form = left ? (texts.attempts[new Intl.PluralRules(locale).select(left)] ?? texts.attempts.other) : "";
  return [
    make("b", {}, heading),
    `${advice.replace("{wait}", texts.later ?? "")} ${form.replace("{count}", `${left}`)}`,
  ];
}

function question({ asking, texts, input }: Scene): HTMLElement[] {
  const { method, to } = asking.challenge;
  if (method === "passkey") return [button(way(asking.challenge), texts.passkey.use)];
  const lead = texts.sent[method]?.[0] ?? texts.prompt[method] ?? texts.method[method] ?? "";
  input.inputMode = method === "recovery-code" ? "text" : "numeric";
  return [make("label", {}, lead.replace("{to}", isolate(to)), input), button("verify", texts.button.confirm)];
}

/** From left to right, whatever is around it. */
function isolate(to = ""): string {
  return `\u2066${to}\u2069`;
}

/** Asks for the code once more, when its time has come. */
function again({ asking: { challenge, problem, ended }, texts }: Scene): HTMLElement {
  const element = button("resend", "");
  const until = Math.max(
    ended ? 0 : Date.parse(challenge.resendAt as string),
    Date.now() + (problem?.retryAfter ?? 0) * 1000,
  );
  const tick = (): void => {
    const left = Math.ceil((until - Date.now()) / 1000);
    const isEarly = left > 0;
    element.disabled = isEarly;
    element.textContent = texts.button[ended ? "restart" : "resend"] + (isEarly ? ` (${left})` : "");
    if (isEarly) setTimeout(tick, 500);
  };
  tick();
  return element;
}

function button(value: string, text: string): HTMLButtonElement {
  return make("button", { value }, text);
}

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
