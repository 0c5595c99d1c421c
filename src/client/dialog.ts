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
  // both are there before anybody can do anything
  let choose: (choice: string) => void;
  let round: AbortController;
  const dialog = make("dialog", {
    lang: scene.locale,
    dir: "auto",
    ariaLabel: scene.texts.heading.confirm,
    onsubmit(event) {
      event.preventDefault();
      const button = event.submitter as HTMLButtonElement;
      button.disabled = true;
      // at once: its own event comes only with the next frame, and the next click may be before it
      if (!button.value) dialog.close();
      choose(button.value);
    },
    onclose() {
      round.abort();
      choose("");
    },
  });
  const host = raise(dialog);
  // always in the end: when nobody waits any more
  gone.addEventListener("abort", () => dialog.close());
  let isSent = false;
  try {
    while (dialog.open) {
      round = new AbortController();
      const form = draw(scene, isSent);
      dialog.replaceChildren(form);
      (form[0] as HTMLElement).focus();
      input.select();
      const { method: sent, show } = asking.challenge;
      // until this is answered nobody listens: a second click would spend the code twice
      const choice = await new Promise<string>((resolve) => {
        choose = resolve;
        if (sent === "sms")
          readCode(round.signal, (code) => {
            input.value = code;
            // what is being approved is to be read first
            if (!show) resolve("verify");
          });
      });
      if (choice === "verify" && (await asking.answer(input.value))) return true;
      isSent = choice === "resend" && (await asking.resend());
      const [method, factor] = choice.split(" ") as [string, string?];
      if (factor !== undefined && (await asking.use(method, factor))) {
        if (method === "passkey" && (await answerByPasskey(scene, round.signal))) return true;
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

/** What there is to say of a passkey has nothing to do with wrong codes. */
async function answerByPasskey({ asking, texts }: Scene, signal: AbortSignal): Promise<boolean> {
  let title = texts.passkey.refused;
  const code = await passkeyCode(asking.challenge, signal).catch((error: unknown) => {
    // anything else is thrown by a browser that has none
    if (!(error instanceof DOMException)) title = texts.passkey.unsupported;
  });
  if (code && (await asking.answer(code))) return true;
  if (!asking.ended) asking.problem = { ...asking.problem, code: "passkey", title };
  return false;
}
