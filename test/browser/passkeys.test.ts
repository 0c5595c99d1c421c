/** Passkeys of a real browser, with an authenticator in software behind it. */
import type { BrowserContextOptions } from "playwright-core";
import { expect, it } from "vitest";
import { DESKTOP, PHONE, Visitor } from "./bank.js";
import { Device } from "./device.js";
import { bank, browser, enter, inChromium } from "./stage.js";

async function logIn(options: BrowserContextOptions): Promise<Visitor> {
  const visitor = await enter(options);
  await visitor.logIn();
  return visitor;
}

/** From the settings, with the message's code for the proof that a change asks for. */
async function addPasskey(ada: Visitor): Promise<void> {
  await ada.page.goto(`${bank.origin}/2fa/factors`);
  await ada.press("Passkey");
  await ada.arrivesAt("/2fa");
  await ada.answer(await bank.code());
  await ada.page.getByRole("button", { name: "Create a passkey" }).waitFor();
  await ada.press("Create a passkey");
  await ada.page.getByText("Added. You can use it from now on.").waitFor();
  bank.tick(1_000);
}

/** The same person in a browser that has proved nothing yet, with the device still there. */
async function logInAgain(ada: Visitor): Promise<void> {
  await ada.page.context().clearCookies();
  await ada.page.goto(bank.origin);
  await ada.logIn();
}

inChromium("passkeys of the example app", () => {
  it("says what went wrong, and leads on by another way", async () => {
    const ada = await logIn(PHONE);
    const device = await Device.plugIn(ada);
    await addPasskey(ada);
    await logInAgain(ada);
    await ada.page.getByRole("link", { name: "Open the vault" }).click();
    await ada.arrivesAt("/2fa");
    await device.recognizes(false);
    await ada.press("Use your passkey");
    await ada.alert.getByText("That was canceled or took too long").waitFor();
    await ada.inspect("passkey-refused");
    await device.lose();
    await ada.press("Use your passkey");
    await ada.alert.waitFor();
    await ada.press(/^Text message/);
    await ada.answer(await bank.code());
    await ada.arrivesAt("/vault");
  });

  it("has another question for somebody who took longer than two minutes to read", async () => {
    const ada = await logIn(DESKTOP);
    await Device.plugIn(ada);
    await addPasskey(ada);
    await logInAgain(ada);
    await ada.page.clock.install({ time: bank.now() });
    await ada.page.getByRole("link", { name: "Open the vault" }).click();
    await ada.arrivesAt("/2fa");
    bank.tick(3 * 60_000);
    await ada.page.clock.fastForward(3 * 60_000);
    await ada.press("Use your passkey");
    await ada.arrivesAt("/2fa?again");
    await ada.page.keyboard.press("Enter");
    await ada.arrivesAt("/vault");
  });

  it("works in a browser from before there was JSON for passkeys, and in none without passkeys", async () => {
    const ada = await logIn(DESKTOP);
    const device = await Device.plugIn(ada);
    await ada.page.addInitScript(`
      delete PublicKeyCredential.parseRequestOptionsFromJSON;
      delete PublicKeyCredential.parseCreationOptionsFromJSON;
      delete PublicKeyCredential.prototype.toJSON;
      delete HTMLFormElement.prototype.requestSubmit;
    `);
    await addPasskey(ada);
    await logInAgain(ada);
    await ada.page.getByRole("link", { name: "Open the vault" }).click();
    await ada.press("Use your passkey");
    await ada.arrivesAt("/vault");
    expect(await device.count()).toBeGreaterThan(1);

    await ada.page.addInitScript("delete window.PublicKeyCredential");
    await logInAgain(ada);
    await ada.page.getByRole("link", { name: "Open the vault" }).click();
    await ada.alert.getByText("This browser does not support passkeys.").waitFor();
    expect(await ada.page.getByRole("button", { name: "Use your passkey" }).isVisible()).toBe(false);
  });

  it("knows that a device has one already", async () => {
    const ada = await logIn(DESKTOP);
    await Device.plugIn(ada);
    await addPasskey(ada);
    await ada.press("Passkey");
    await ada.press("Create a passkey");
    await ada.alert.getByText("You already have a passkey on this device.").waitFor();
  });

  it("asks for nothing without JavaScript, and says so", async () => {
    const ada = await logIn(PHONE);
    await Device.plugIn(ada);
    await addPasskey(ada);
    const cookies = await ada.page.context().cookies();
    const plain = await browser.newContext({ ...PHONE, javaScriptEnabled: false });
    await plain.addCookies(cookies);
    bank.tick(16 * 60_000);
    const page = await plain.newPage();
    await page.goto(`${bank.origin}/vault`);
    // what looks for texts does not look in there
    expect(await page.locator("noscript p").innerText()).toContain("Passkeys need JavaScript");
    expect(await page.locator("noscript p").isVisible()).toBe(true);
    expect(await page.getByRole("button", { name: "Use your passkey" }).isVisible()).toBe(false);
    await page.screenshot({ path: "test-results/browser/passkey-no-script-phone.png", fullPage: true });
    await page.getByRole("button", { name: /^Text message/ }).click();
    await page.getByLabel(/-digit code$/).fill(await bank.code());
    await page.keyboard.press("Enter");
    await page.waitForURL(`${bank.origin}/vault`);
    await plain.close();
  });
});
