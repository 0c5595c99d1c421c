/** Passkeys in the dialog of the browser client: a real browser, with an authenticator in software behind it. */
import type { BrowserContextOptions, Locator } from "playwright-core";
import { expect, it } from "vitest";
import { TEXTS } from "../../src/express/page/texts.js";
import { DESKTOP, PHONE, Visitor } from "./bank.js";
import { Device } from "./device.js";
import { bank, enter, inChromium } from "./stage.js";

let ada: Visitor;
let device: Device;

/** By the client too, with a prompt that looks into the outbox. */
const ENROLL = `(async () => {
  const { with2fa } = await import("/app/require2fa/index.js");
  const prompt = async () => {
    const [{ text }] = await (await fetch("/outbox")).json();
    return /\\d{6,8}/.exec(text)[0];
  };
  const fetch2fa = with2fa(fetch, { prompt });
  const post = async (route, fields) => {
    const answer = await fetch2fa("/2fa/factors/" + route, { method: "POST", body: new URLSearchParams(fields) });
    return [answer.status, await answer.json()];
  };
  const [, { id, publicKey }] = await post("enroll", { method: "passkey" });
  const credential = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
  });
  return (await post("confirm", { enrollment: id, code: JSON.stringify(credential) }))[0];
})()`;

/** At the app in one page, with a passkey, and with nothing proved yet. */
async function enterWithPasskey(options: BrowserContextOptions): Promise<void> {
  ada = await enter(options);
  device = await Device.plugIn(ada);
  await ada.logIn();
  await ada.page.goto(`${bank.origin}/app`);
  expect(await ada.page.evaluate(ENROLL)).toBe(201);
  bank.tick(1_000);
  await ada.page.context().clearCookies();
  await ada.page.goto(bank.origin);
  await ada.logIn();
  await ada.page.goto(`${bank.origin}/app`);
}

const dialog = (): Locator => ada.page.getByRole("dialog");
const alert = (): Promise<string> => dialog().getByRole("alert").innerText();
const use = (): Locator => dialog().getByRole("button", { name: "Use your passkey" });

inChromium("a passkey in the dialog", () => {
  it("E08 approves a transfer that was read first, and is asked for anew after two minutes", async () => {
    await enterWithPasskey(DESKTOP);
    await ada.transfer("250.00", "Grace Hopper");
    await use().waitFor();
    expect(await dialog().getByRole("definition").allInnerTexts()).toEqual(["€250.00", "Grace Hopper"]);
    expect(await dialog().getByRole("textbox").count()).toBe(0);
    expect(await use().evaluate((it) => it.matches(":focus"))).toBe(true);
    await ada.inspect("dialog-passkey");
    const before = await device.count();
    bank.tick(3 * 60_000);
    // nothing is asked until somebody presses the button
    expect(await device.count()).toBe(before);
    await use().click();
    await ada.page.getByText("€250.00 went to Grace Hopper.").waitFor();
    expect(await device.count()).toBeGreaterThan(before ?? 0);
    expect(await ada.transfers()).toEqual(["Grace Hopper −€250.00"]);
  });

  it("that is refused leaves the other ways, and may be tried again", async () => {
    await enterWithPasskey(PHONE);
    await device.recognizes(false);
    await ada.press("Open the vault");
    await use().click();
    expect(await alert()).toBe("Try again, or choose another way.");
    expect(TEXTS.en.passkey.refused).toContain(await alert());
    await ada.inspect("dialog-passkey-refused");
    await dialog().getByRole("button", { name: "Text message" }).click();
    await dialog()
      .getByRole("textbox")
      .fill(await bank.wrongCode());
    await ada.page.keyboard.press("Enter");
    await dialog().getByText("4 attempts left").waitFor();
    await device.recognizes(true);
    await dialog().getByRole("button", { name: "Passkey" }).click();
    await ada.page.getByText("The vault is open.").waitFor();
  });

  it("that the browser does not know is said so, in the language of the dialog", async () => {
    await enterWithPasskey(PHONE);
    await ada.page.evaluate(`(async () => {
      delete window.PublicKeyCredential;
      const { with2fa } = await import("/app/require2fa/index.js");
      const fetch2fa = with2fa(fetch, { texts: { de: ${JSON.stringify(TEXTS.de)} }, locale: "de" });
      window.asked = fetch2fa("/api/vault").then(({ status }) => status);
    })()`);
    await dialog().getByRole("button", { name: TEXTS.de.passkey.use }).click();
    expect(await alert()).toBe(TEXTS.de.passkey.unsupported);
    await dialog().getByRole("button", { name: TEXTS.de.method.sms }).click();
    await dialog()
      .getByRole("textbox")
      .fill(await bank.code());
    await ada.page.keyboard.press("Enter");
    expect(await ada.page.evaluate("asked")).toBe(200);
  });

  it("is waited for no longer when the dialog is closed", async () => {
    await enterWithPasskey(DESKTOP);
    await device.isTouched(false);
    await ada.page.evaluate(`(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (wish) => get((window.wish = wish));
    })()`);
    await ada.press("Open the vault");
    await use().click();
    await expect.poll(() => ada.page.evaluate("Boolean(window.wish)")).toBe(true);
    expect(await ada.page.evaluate("wish.signal.aborted")).toBe(false);
    await dialog().getByRole("button", { name: "Cancel" }).click();
    await ada.page.getByText("The vault stays closed.").waitFor();
    expect(await ada.page.evaluate("wish.signal.aborted")).toBe(true);
    expect(await dialog().count()).toBe(0);
  });

  it("is as good for a prompt of the app's own, and preflight offers the other ways", async () => {
    await enterWithPasskey(DESKTOP);
    const asked = await ada.page.evaluate(`(async () => {
      const { passkeyCode, with2fa } = await import("/app/require2fa/index.js");
      let methods;
      const prompt = (challenge) => {
        methods = challenge.methods;
        return passkeyCode(challenge, challenge.signal);
      };
      const fetch2fa = with2fa(fetch, { prompt });
      return [await fetch2fa.preflight(), methods, (await fetch2fa("/api/vault")).status];
    })()`);
    expect(asked).toEqual([true, ["passkey", "sms", "email"], 200]);
  });
});
