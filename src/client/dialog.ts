import type { Asking } from "./asking.js";
import { type Language, languageOf } from "./language.js";
import type { ClientOptions } from "./options.js";
import { STYLE } from "./style.js";

/** Asks in a dialog; false if the person closes it. */
export async function askByDialog(asking: Asking, gone: AbortSignal, options: ClientOptions): Promise<boolean> {
  const language = languageOf(options);
  const parts = layOut(language);
  const { host, dialog, form, input, go } = parts;
  let isSent = false;
  let waitUntil = 0;
  let choose = (_choice: string): void => {};
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose((event.submitter as HTMLButtonElement).value);
  });
  dialog.addEventListener("close", () => choose("cancel"));
  // always in the end: when nobody waits any more
  gone.addEventListener("abort", () => dialog.close());
  document.body.append(host);
  dialog.showModal();
  readCode(parts, gone);
  const timer = setInterval(() => showWait(parts, asking, language, waitUntil), 500);
  try {
    while (dialog.open) {
      showWait(parts, asking, language, waitUntil);
      show(parts, asking, language, isSent);
      // until this is answered nobody listens: a second click would spend the code twice
      const choice = await new Promise<string>((resolve) => (choose = resolve));
      if (choice === "cancel") break;
      go.disabled = true;
      if (choice === "verify" && (await asking.answer(input.value))) return true;
      isSent = choice === "resend" && (await asking.resend());
      if (asking.methods.includes(choice)) await asking.use(choice);
      go.disabled = false;
      waitUntil = Date.now() + (asking.problem?.retryAfter ?? 0) * 1000;
    }
    return false;
  } finally {
    clearInterval(timer);
    // gives the focus back to where it was
    dialog.close();
    host.remove();
  }
}

type Parts = ReturnType<typeof layOut>;

/** Built by script alone: no markup and no style that a Content-Security-Policy would have to allow. */
function layOut({ locale, texts: { button, heading } }: Language) {
  const lead = make("span");
  const note = make("div", { role: "alert" });
  const input = make("input", { dir: "ltr", autocomplete: "one-time-code" });
  const go = make("button", { value: "verify", textContent: button.confirm });
  const again = make("button", { value: "resend" });
  const ways = make("div");
  const no = make("button", { value: "cancel", textContent: button.cancel });
  const question = make("div", {}, make("label", {}, lead, input), go);
  const form = make("form", {}, make("h2", { textContent: heading.confirm }), note, question, again, ways, no);
  const dialog = make("dialog", { lang: locale, dir: "auto", ariaLabel: heading.confirm }, form);
  const host = make("div");
  // the app's own style stays out, and ours stays in
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(dialog);
  return { host, dialog, form, lead, note, input, go, again, ways, no, question };
}

function show(parts: Parts, { challenge, methods, problem, ended }: Asking, language: Language, isSent: boolean): void {
  const { lead, note, input, again, ways, no, question } = parts;
  const { texts, locale } = language;
  const { method, to = "" } = challenge;
  question.hidden = ended;
  // from left to right, whatever is around it
  const recipient = `\u2066${to}\u2069`;
  lead.textContent = (texts.sent[method]?.[0] ?? texts.prompt[method] ?? "").replace("{to}", recipient);
  input.inputMode = method === "recovery-code" ? "text" : "numeric";

  note.replaceChildren(isSent ? texts.sentAgain : "");
  if (problem) {
    const { code, title = "", attemptsLeft: left } = problem;
    const [heading, advice = ""] = texts.problem[code] ?? [title];
    const form = left ? (texts.attempts[new Intl.PluralRules(locale).select(left)] ?? texts.attempts.other) : "";
    const words = `${advice.replace("{wait}", texts.later)} ${form.replace("{count}", String(left))}`;
    note.replaceChildren(make("b", { textContent: heading }), words);
  }
  const others = methods.filter((other) => !ended && other !== method && texts.method[other]);
  const buttons = others.map((value) => make("button", { value, textContent: texts.method[value] ?? "" }));
  ways.replaceChildren(make("p", { textContent: texts.anotherWay }), ...buttons);
  again.hidden = !ended && !challenge.resendAt;
  // the last of them that is there
  for (const each of [no, again, input]) each.focus();
  input.select();
}

function showWait({ again }: Parts, { challenge, ended }: Asking, { texts }: Language, waitUntil: number): void {
  const until = Math.max(waitUntil, ended ? 0 : Date.parse(challenge.resendAt ?? "") || 0);
  const left = Math.ceil((until - Date.now()) / 1000);
  const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  again.disabled = left > 0;
  again.textContent = texts.button[ended ? "restart" : "resend"] + (again.disabled ? ` (${time})` : "");
}

/** A browser that reads the code out of a text message by itself (WebOTP). */
interface CodeReader {
  get(wish: { otp: { transport: ["sms"] }; signal: AbortSignal }): Promise<{ code: string }>;
}

/** Fills the code in, and leaves it to the person to send it. */
function readCode({ input, go }: Parts, signal: AbortSignal): void {
  if (!("OTPCredential" in globalThis)) return;
  const reader = navigator.credentials as unknown as CodeReader;
  reader.get({ otp: { transport: ["sms"] }, signal }).then(
    ({ code }) => {
      input.value = code;
      go.focus();
    },
    () => undefined,
  );
}

function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}
