import type { Asking } from "./asking.js";
import { languageOf } from "./language.js";
import type { ClientOptions } from "./options.js";
import { passkeyCode } from "./passkey.js";
import { STYLE } from "./style.js";
import { draw, make, type Scene } from "./view.js";
import { readCode } from "./web-otp.js";

/** Asks in a dialog; false if the person closes it. */
export async function askByDialog(asking: Asking, gone: AbortSignal, options: ClientOptions): Promise<boolean> {
  const input = make("input", { dir: "ltr", autocomplete: "one-time-code" });
  const scene: Scene = { ...languageOf(options), asking, input };
  const dialog = make("dialog", { lang: scene.locale, dir: "auto", ariaLabel: scene.texts.heading.confirm });
  const host = raise(dialog);
  // always in the end: when nobody waits any more
  gone.onabort = () => dialog.close();
  let isSent = false;
  try {
    while (dialog.open) {
      const round = new AbortController();
      dialog.onclose = () => round.abort();
      const form = draw(scene, isSent);
      dialog.replaceChildren(form);
      const choice = await choiceIn(form, scene, round.signal);
      if (choice === "verify" && (await asking.answer(input.value))) return true;
      isSent = choice === "resend" && (await asking.resend());
      if (asking.methods.includes(choice) && (await asking.use(choice))) {
        if (choice === "passkey" && (await answerByPasskey(asking, round.signal))) return true;
      }
      round.abort();
    }
    return false;
  } finally {
    // gives the focus back to where it was
    dialog.close();
    host.remove();
  }
}

/** Built by script alone: no markup and no style that a Content-Security-Policy would have to allow. */
function raise(dialog: HTMLDialogElement): HTMLElement {
  const host = make("div", {});
  // the app's own style stays out, and ours stays in
  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(dialog);
  document.body.append(host);
  dialog.showModal();
  return host;
}

/** The first button that is pressed. After that nobody listens: a second click would spend the code twice. */
function choiceIn(form: HTMLFormElement, { asking, input }: Scene, signal: AbortSignal): Promise<string> {
  const [first] = form;
  (first as HTMLElement).focus();
  input.select();
  return new Promise((resolve) => {
    signal.onabort = () => resolve("");
    form.onsubmit = (event) => {
      const { value } = event.submitter as HTMLButtonElement;
      // closes the dialog
      if (value === "cancel") return;
      event.preventDefault();
      form.ariaBusy = "true";
      resolve(value);
    };
    const { method, show } = asking.challenge;
    if (method !== "sms") return;
    readCode(signal, (code) => {
      input.value = code;
      // what is being approved is to be read first
      if (!show) resolve("verify");
    });
  });
}

async function answerByPasskey(asking: Asking, signal: AbortSignal): Promise<boolean> {
  const code = await passkeyCode(asking.challenge, signal).catch(() => undefined);
  if (code) return asking.answer(code);
  asking.problem = { code: "wrong_code" };
  return false;
}
