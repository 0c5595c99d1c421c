import { execFileSync } from "node:child_process";
import { generateSync } from "otplib";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launch } from "../express/page/host.js";
import { service } from "../helpers/services.js";
import { DESKTOP, type OpenBank, openBank, PHONE, Visitor } from "./bank.js";

const chromium = service("chromium");

let browser: Browser;
let bank: OpenBank;
let visitor: Visitor | undefined;

async function enter(options: BrowserContextOptions): Promise<Visitor> {
  visitor = await Visitor.enter(browser, bank, options);
  await visitor.logIn();
  await visitor.page.getByRole("link", { name: "Security settings" }).click();
  await visitor.arrivesAt("/2fa/factors");
  return visitor;
}

/** Reckoned by a program that has nothing of ours, where it is installed. */
const oathtool = service("oathtool");
const codeOf = (secret: string): string =>
  oathtool === undefined
    ? generateSync({ secret, epoch: Math.floor(bank.now() / 1000) })
    : execFileSync(oathtool, ["--totp", "--base32", "--now", `@${Math.floor(bank.now() / 1000)}`, secret], {
        encoding: "utf8",
      }).trim();

/** The key in the address that the QR code holds, dot for dot (test/express/factors.test.ts), as it is written beside it. */
async function keyOnScreen({ page }: Visitor): Promise<string> {
  const address = await page.getByRole("link", { name: "Open in an app on this device" }).getAttribute("href");
  const key = new URL(address ?? "").searchParams.get("secret") ?? "";
  expect((await page.locator(".key code").innerText()).replaceAll(/\s/g, "")).toBe(key);
  return key;
}

/** Sets an authenticator app up, from the list; the message's code is the proof that a change asks for. */
async function addApp(ada: Visitor, look?: () => Promise<void>, scripted = true): Promise<string> {
  await ada.press("Authenticator app");
  await ada.arrivesAt("/2fa");
  await ada.answer(await bank.code());
  // A script sends the interrupted form at once.
  if (!scripted) await ada.press("Continue");
  await ada.page.locator(".qr").waitFor();
  const secret = await keyOnScreen(ada);
  await look?.();
  await ada.answer(codeOf(secret));
  await ada.page.getByText("Added. You can use it from now on.").waitFor();
  bank.tick(30_000);
  return secret;
}

describe.skipIf(chromium === undefined)("factors of the example app in Chromium", () => {
  beforeAll(async () => {
    browser = await launch(chromium);
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    bank = await openBank();
  });
  afterEach(async () => {
    const complaints = await visitor?.leave();
    visitor = undefined;
    await bank.close();
    expect(complaints ?? []).toEqual([]);
  });

  describe.each([
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ])("on a %s", (_size, options) => {
    it("sets an authenticator app up by its QR code, and opens the vault with it", async () => {
      const ada = await enter(options);
      await ada.inspect("factors-none");
      const secret = await addApp(ada, async () => {
        expect(await ada.page.getByRole("img", { name: /^QR code/ }).count()).toBe(1);
        await ada.inspect("factor-app");
      });
      await ada.inspect("factors");

      await ada.page.context().clearCookies();
      await ada.page.goto(bank.origin);
      await ada.logIn();
      await ada.page.getByRole("link", { name: "Open the vault" }).click();
      await ada.arrivesAt("/2fa");
      await ada.page.getByText("your authenticator app shows right now").waitFor();
      await ada.answer(codeOf(secret));
      await ada.arrivesAt("/vault");
    });

    it("names it and removes it", async () => {
      const ada = await enter(options);
      await addApp(ada);
      await ada.page.getByRole("link", { name: /^Change/ }).click();
      await ada.inspect("factor");
      await ada.page.getByLabel("Name").fill("The <b>tablet</b> in the kitchen");
      await ada.press("Save the name");
      await ada.page.getByText("The <b>tablet</b> in the kitchen").waitFor();
      await ada.inspect("factor-renamed");
      await ada.page.getByRole("link", { name: /^Change/ }).click();
      await ada.press("Remove");
      await ada.page.getByText("Nothing is set up yet.").waitFor();
      await ada.inspect("factor-removed");
    });

    it("sets a number up, with a mistake on the way", async () => {
      const ada = await enter(options);
      await addApp(ada);
      await ada.page.getByRole("link", { name: "Text message" }).click();
      await ada.inspect("factor-address");
      await ada.page.getByLabel("Phone number").fill("12");
      await ada.press("Send a code");
      await ada.alert.waitFor();
      await ada.page.getByLabel("Phone number").fill("+46 70 123 99 88");
      await ada.press("Send a code");
      await ada.inspect("factor-number");
      expect((await bank.messages())[0]?.to).toBe("+46701239988");
      await ada.answer(await bank.wrongCode());
      await ada.alert.waitFor();
      await ada.inspect("factor-wrong");
      await ada.answer(await bank.code());
      await ada.page.getByText("+46•••••••88").waitFor();
    });

    it("keeps recovery codes on paper, and uses one", async () => {
      const ada = await enter(options);
      await addApp(ada);
      await ada.press("Get new recovery codes");
      await ada.page.getByRole("heading", { name: "Recovery codes" }).waitFor();
      const codes = await ada.page.locator("#codes li").allInnerTexts();
      expect(codes).toHaveLength(10);
      await ada.inspect("recovery-codes");
      const saved = ada.page.waitForEvent("download");
      await ada.page.getByRole("link", { name: "Download" }).click();
      const stream = await (await saved).createReadStream();
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).toString()).toBe(codes.map((code) => `${code}\n`).join(""));
      await ada.page.emulateMedia({ media: "print" });
      expect(await ada.page.getByRole("button", { name: "Print" }).isVisible()).toBe(false);
      expect(await ada.page.locator("#codes").isVisible()).toBe(true);
      await ada.page.emulateMedia({ media: "screen" });

      await ada.page.context().clearCookies();
      await ada.page.goto(bank.origin);
      await ada.logIn();
      await ada.page.getByRole("link", { name: "Open the vault" }).click();
      await ada.arrivesAt("/2fa");
      await ada.press("Recovery code");
      await ada.page.getByLabel("Recovery code").fill(codes[0]?.toLowerCase() ?? "");
      await ada.page.keyboard.press("Enter");
      await ada.arrivesAt("/vault");
      await ada.page.goto(`${bank.origin}/2fa/factors`);
      await ada.page.getByText("9 codes are left.").waitFor();
    });
  });

  it("works without JavaScript", async () => {
    const ada = await enter({ ...PHONE, javaScriptEnabled: false });
    await addApp(ada, undefined, false);
    await ada.press("Get new recovery codes");
    expect(await ada.page.locator("#codes li").count()).toBe(10);
    expect(await ada.page.getByText("Print").isVisible()).toBe(false);
    await ada.page.getByRole("link", { name: "I have saved them" }).click();
    await ada.page.getByText("10 codes are left.").waitFor();
    await ada.page.getByRole("link", { name: /^Change/ }).click();
    await ada.press("Remove");
    await ada.page.getByText("Removed.").waitFor();
  });
});
