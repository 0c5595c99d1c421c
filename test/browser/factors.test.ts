/** One person's second factors, from the first one to a lost phone, and back. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { service } from "../helpers/services.js";
import { DESKTOP, PHONE, Visitor } from "./bank.js";
import { scan } from "./camera.js";
import { Device } from "./device.js";
import { bank, browser, enter, inChromium } from "./stage.js";

const oathtool = service("oathtool") ?? "";

const TABLET = "The <b>tablet</b> in the kitchen";

let ada: Visitor;
let scripted: boolean;

/** Without scripts everything is the same, but for passkeys; nor can it be inspected. */
const look = async (name: string): Promise<void> => (scripted ? ada.inspect(name) : undefined);
const row = (name: string) => ada.page.locator(".cards li").filter({ hasText: name });
const listed = () => ada.page.locator(".cards strong").allInnerTexts();

/** An authenticator app that has nothing of ours. */
function codeOf(secret: string): string {
  const now = `@${Math.floor(bank.now() / 1000)}`;
  return execFileSync(oathtool, ["--totp", "--base32", "--now", now, secret], { encoding: "utf8" }).trim();
}

/** In the same browser, which keeps what it has but for the session. */
async function logInAgain(): Promise<void> {
  await ada.page.goto(bank.origin);
  await ada.press("Log out");
  await ada.logIn();
  await ada.page.getByText("Good to see you").waitFor();
}

const settings = (): Promise<unknown> => ada.page.goto(`${bank.origin}/2fa/factors`);

/** By the code that comes after whatever was used already. */
async function answerByApp(secret: string): Promise<void> {
  await ada.page.getByText("your authenticator app shows right now").waitFor();
  bank.tick(30_000);
  await ada.answer(codeOf(secret));
}

/** By what is strongest of what is there now. */
async function prove(secret: string): Promise<void> {
  await ada.arrivesAt("/2fa");
  if (scripted) await ada.press("Use your passkey");
  else await answerByApp(secret);
}

/** By what the screen shows to a phone; gives what the phone knows then. */
async function scanned(): Promise<string> {
  await ada.page.getByRole("img", { name: /^QR code/ }).waitFor();
  const address = await scan(browser, ada.page.locator(".qr"));
  expect(address).toBe(
    await ada.page.getByRole("link", { name: "Open in an app on this device" }).getAttribute("href"),
  );
  const secret = new URL(address).searchParams.get("secret") ?? "";
  expect((await ada.page.locator(".key code").innerText()).replaceAll(/\s/g, "")).toBe(secret);
  await look("factor-app");
  await ada.answer(codeOf(secret));
  await ada.page.getByText("Added. You can use it from now on.").waitFor();
  return secret;
}

/** The first one, with the message's code for the proof that a change asks for. */
async function setUpApp(): Promise<string> {
  await ada.page.getByRole("link", { name: "Security settings" }).click();
  await ada.arrivesAt("/2fa/factors");
  await look("factors-none");
  await ada.press("Authenticator app");
  await ada.arrivesAt("/2fa");
  await ada.answer(await bank.code());
  // A script sends the interrupted form at once.
  if (!scripted) await ada.press("Continue");
  const secret = await scanned();
  await look("factors");
  return secret;
}

async function nameIt(): Promise<void> {
  await ada.page.getByRole("link", { name: /^Change/ }).click();
  await look("factor");
  await ada.page.getByLabel("Name").fill(TABLET);
  await ada.press("Save the name");
  await ada.page.getByText(TABLET).waitFor();
  await look("factor-renamed");
}

/** With a mistake on the way. */
async function setUpNumber(): Promise<void> {
  await ada.page.getByRole("link", { name: "Text message" }).click();
  await look("factor-address");
  await ada.page.getByLabel("Phone number").fill("12");
  await ada.press("Send a code");
  await ada.alert.waitFor();
  await ada.page.getByLabel("Phone number").fill("+46 70 123 99 88");
  await ada.press("Send a code");
  await ada.codeField.waitFor();
  await look("factor-number");
  expect((await bank.messages())[0]?.to).toBe("+46701239988");
  await ada.answer(await bank.wrongCode());
  await ada.alert.waitFor();
  await look("factor-wrong");
  await ada.answer(await bank.code());
  await ada.page.getByText("+46•••••••88").waitFor();
}

async function keepCodes(): Promise<string[]> {
  await ada.press("Get new recovery codes");
  await ada.page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  const codes = await ada.page.locator("#codes li").allInnerTexts();
  expect(codes).toHaveLength(10);
  const print = ada.page.getByRole("button", { name: "Print" });
  expect(await print.isVisible()).toBe(scripted);
  await look("recovery-codes");
  if (scripted) {
    const saved = ada.page.waitForEvent("download");
    await ada.page.getByRole("link", { name: "Download" }).click();
    const stream = await (await saved).createReadStream();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(codes.map((code) => `${code}\n`).join(""));
    await ada.page.emulateMedia({ media: "print" });
    expect(await print.isVisible()).toBe(false);
    expect(await ada.page.locator("#codes").isVisible()).toBe(true);
    await ada.page.emulateMedia({ media: "screen" });
  }
  await ada.page.getByRole("link", { name: "I have saved them" }).click();
  await ada.page.getByText("10 codes are left.").waitFor();
  return codes;
}

async function createPasskey(): Promise<void> {
  await ada.press("Passkey");
  await ada.page.getByRole("button", { name: "Create a passkey" }).waitFor();
  await look("passkey-new");
  await ada.press("Create a passkey");
  await ada.page.getByText("Added. You can use it from now on.").waitFor();
  bank.tick(1_000);
}

async function approveByPasskey(device: Device): Promise<void> {
  const before = await device.count();
  await ada.transfer("250.00", "Grace Hopper");
  await ada.arrivesAt("/2fa");
  await ada.page.getByRole("button", { name: "Use your passkey" }).waitFor();
  const approving = ada.page.getByRole("region", { name: "You are approving" });
  expect(await approving.innerText()).toContain("250.00");
  await look("passkey-approve");
  // nothing is asked until somebody presses the button
  expect(await device.count()).toBe(before);
  await ada.press("Use your passkey");
  await ada.page.getByText("€250.00 went to Grace Hopper.").waitFor();
  expect(await ada.transfers()).toEqual(["Grace Hopper −€250.00"]);
  expect(await device.count()).toBeGreaterThan(before ?? 0);
}

/** In the dialog of the app in one page: each of two numbers by itself. */
async function chooseNumber(): Promise<void> {
  await ada.page.goto(`${bank.origin}/app`);
  await ada.press("Open the vault");
  const dialog = ada.page.getByRole("dialog");
  await dialog.getByRole("button", { name: "•88" }).waitFor();
  await ada.inspect("dialog-choices");
  await dialog.getByRole("button", { name: "•56" }).click();
  await dialog.getByText("to \u2066+46•••••••56").waitFor();
  expect((await bank.messages())[0]?.to).toBe("+46707123456");
  await dialog.getByRole("textbox").fill(await bank.code());
  await ada.page.keyboard.press("Enter");
  await ada.page.getByText("The vault is open.").waitFor();
}

async function recover(code: string): Promise<void> {
  await ada.page.goto(`${bank.origin}/vault`);
  await ada.arrivesAt("/2fa");
  await ada.press("Recovery code");
  await ada.page.getByLabel("Recovery code").fill(code.toLowerCase());
  // A whole one can be read over before it is sent.
  expect(await ada.page.getByLabel("Recovery code").evaluate((it) => it.scrollWidth <= it.clientWidth)).toBe(true);
  await look("recovery-code");
  await ada.page.keyboard.press("Enter");
  await ada.arrivesAt("/vault");
}

async function remove(name: string): Promise<void> {
  await row(name).first().getByRole("link").click();
  await ada.press("Remove");
  await ada.page.getByText("Removed.").waitFor();
}

/** Ticked where a code is asked for; the code of what was removed is none. */
async function trustThis(removed: string, secret: string): Promise<void> {
  await ada.page.goto(`${bank.origin}/statement`);
  await ada.arrivesAt("/2fa");
  if (scripted) await ada.press("Authenticator app");
  await ada.answer(codeOf(removed));
  await ada.alert.getByText("4 attempts left").waitFor();
  await ada.page.getByLabel("Trust this device").check();
  await look("trusting");
  await answerByApp(secret);
  await ada.arrivesAt("/statement");
}

/** To see and remove a device it takes more than to have it. */
async function distrust(secret: string): Promise<void> {
  await settings();
  await ada.page.getByRole("link", { name: "Trusted devices" }).click();
  await prove(secret);
  await ada.arrivesAt("/2fa/devices");
  await look("devices");
  await ada.press(/^Remove: Chrom/);
  await ada.page.getByText("No device is trusted.").waitFor();
}

inChromium(
  "second factors",
  () => {
    it.each([
      ["on a desktop", DESKTOP],
      ["on a phone", PHONE],
      ["on a phone without JavaScript, all but passkeys", { ...PHONE, javaScriptEnabled: false }],
    ])(
      "E05 E07 E08 E09 E10 are set up, used, lost, set up anew, and spared: %s",
      { timeout: 150_000 },
      async (_, size) => {
        scripted = !("javaScriptEnabled" in size);
        ada = await enter(size);
        await ada.logIn();
        const lost = await setUpApp();
        await nameIt();
        await setUpNumber();
        const codes = await keepCodes();

        await logInAgain();
        await ada.page.getByRole("link", { name: "Open the vault" }).click();
        await ada.arrivesAt("/2fa");
        await answerByApp(lost);
        await ada.arrivesAt("/vault");

        if (scripted) {
          const device = await Device.plugIn(ada);
          await settings();
          await createPasskey();
          await look("passkey-listed");
          await logInAgain();
          await approveByPasskey(device);
          await logInAgain();
          await chooseNumber();
          await device.unplug();
        }

        await logInAgain();
        await recover(codes[0] ?? "");
        await settings();
        await ada.page.getByText("9 codes are left.").waitFor();
        // While it is there, nothing less than a passkey or a recovery code changes anything.
        if (scripted) await remove("Passkey");
        await ada.press("Authenticator app");
        const secret = await scanned();
        await remove(TABLET);
        if (scripted) {
          const next = await Device.plugIn(ada);
          await createPasskey();
          expect(await next.count()).toBeDefined();
        }
        const kept = ["Text message", "Authenticator app", ...(scripted ? ["Passkey"] : [])];
        expect(await listed()).toEqual(kept);

        await logInAgain();
        await trustThis(lost, secret);
        const sent = (await bank.messages()).length;
        await logInAgain();
        await ada.page.getByRole("link", { name: "Open the statement" }).click();
        await ada.page.getByRole("heading", { name: "Your statement" }).waitFor();
        await look("statement");
        await ada.page.goto(`${bank.origin}/vault`);
        await ada.arrivesAt("/2fa");
        expect(await bank.messages()).toHaveLength(sent);
        await distrust(secret);

        await logInAgain();
        await ada.page.goto(`${bank.origin}/statement`);
        await prove(secret);
        await ada.arrivesAt("/statement");
        await settings();
        for (const name of kept) await remove(name);
        await ada.page.getByText("Nothing is set up yet.").waitFor();
        await look("factor-removed");
      },
    );
  },
  oathtool !== "",
);
