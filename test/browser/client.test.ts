import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { generateSync } from "otplib";
import type { Locator } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import { TEXTS } from "../../src/express/page/texts.js";
import { require2fa } from "../../src/index.js";
import { fixture } from "../helpers/app.js";
import { DESKTOP, PHONE, Visitor } from "./bank.js";
import { bank, enter, inChromium } from "./stage.js";

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

let visitor: Visitor;

async function atTheApp(options = DESKTOP, username = "ada", password = "lovelace"): Promise<Visitor> {
  visitor = await enter(options);
  await visitor.logIn(username, password);
  await visitor.page.getByRole("link", { name: "Open the app" }).click();
  await visitor.arrivesAt("/app");
  return visitor;
}

const dialog = (): Locator => visitor.page.getByRole("dialog");
const field = (): Locator => dialog().getByRole("textbox");
const told = (): Promise<string> => visitor.page.getByRole("status").innerText();

async function askForTheVault(): Promise<void> {
  await visitor.press("Open the vault");
  await field().waitFor();
}

async function answer(code: string): Promise<void> {
  await field().fill(code);
  await visitor.page.keyboard.press("Enter");
}

inChromium("the app in one page", () => {
  describe.each([
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ])("on a %s", (_size, options) => {
    it("opens the vault and makes transfers without leaving", async () => {
      const ada = await atTheApp(options);
      await ada.inspect("app");
      await askForTheVault();
      expect(await dialog().innerText()).toMatch(/We sent a text message with a code to \S*\+46•••••••56/);
      expect(await dialog().getAttribute("aria-label")).toBe("Confirm it’s you");
      await ada.inspect("dialog");
      await answer(await bank.wrongCode());
      await dialog().getByText("4 attempts left").waitFor();
      expect(await dialog().getByRole("alert").innerText()).toContain("The code is wrong");
      await ada.inspect("dialog-wrong-code");
      await answer(await bank.code());
      await ada.page.getByText("The vault is open.").waitFor();
      expect(await dialog().count()).toBe(0);
      expect(await ada.page.getByText("Note G").count()).toBe(1);

      await ada.page.getByLabel("Amount").fill("1250");
      await ada.page.getByLabel("Payee").fill("Charles Babbage");
      await ada.press("Transfer");
      await dialog().waitFor();
      const [message] = await bank.messages();
      expect(message?.text).toContain("It approves: transfer, amount: €1250.00, payee: Charles Babbage.");
      await answer(await bank.code());
      await ada.page.getByText("€1,250.00 went to Charles Babbage.").waitFor();
      expect(await ada.transfers()).toEqual(["Charles Babbage −€1,250.00"]);
      await ada.inspect("app-after-transfer");
      await ada.page.reload();
      expect(await ada.transfers()).toEqual(["Charles Babbage −€1,250.00"]);
    });
  });

  it("goes on after too many wrong codes, with a new one", async () => {
    const ada = await atTheApp(PHONE);
    await askForTheVault();
    const wrong = await bank.wrongCode();
    for (const left of ["4 attempts left", "3 attempts left", "2 attempts left", "1 attempt left"]) {
      await answer(wrong);
      await dialog().getByText(left).waitFor();
    }
    await answer(wrong);
    await dialog().getByText("Too many wrong codes").waitFor();
    expect(await field().count()).toBe(0);
    const again = dialog().getByRole("button", { name: "Start again" });
    expect(await again.evaluate((it) => it.matches(":focus"))).toBe(true);
    await ada.inspect("dialog-spent");
    await ada.press("Start again");
    await field().waitFor();
    expect(await bank.messages()).toHaveLength(2);
    await answer(await bank.code());
    await ada.page.getByText("The vault is open.").waitFor();
  });

  it("sends the code again when its time has come, and by another method", async () => {
    const ada = await atTheApp();
    await askForTheVault();
    const again = dialog().getByRole("button", { name: /^Send the code again/ });
    await again.waitFor();
    expect(await again.innerText()).toMatch(/ \((30|2\d)\)$/);
    expect(await again.isDisabled()).toBe(true);
    bank.tick(31_000);
    await ada.page.evaluate("Date.now = ((now) => () => now() + 31000)(Date.now.bind(Date))");
    await expect.poll(() => again.isEnabled(), { timeout: 4_000 }).toBe(true);
    await again.click();
    await dialog().getByText("The code is on its way again.").waitFor();
    await ada.inspect("dialog-sent-again");
    expect(await bank.messages()).toHaveLength(2);

    await ada.press(/^Email/);
    await dialog().getByText("We sent an email").waitFor();
    expect((await bank.messages())[0]).toMatchObject({ channel: "email", to: "ada@example.com" });
    expect(await dialog().getByRole("button", { name: "Text message" }).count()).toBe(1);
    await answer(await bank.code());
    await ada.page.getByText("The vault is open.").waitFor();
  });

  it("works by keyboard alone, and gives the focus back", async () => {
    const ada = await atTheApp();
    const { keyboard } = ada.page;
    const focus = (): Promise<string> =>
      ada.page.evaluate(`(() => {
        const deepest = (it) => (it.shadowRoot?.activeElement ? deepest(it.shadowRoot.activeElement) : it);
        const it = deepest(document.activeElement);
        return it.tagName + " " + (it.value || it.textContent);
      })()`);
    await ada.tabTo("Open the vault");
    await keyboard.press("Enter");
    await dialog().waitFor();
    expect(await focus()).toMatch(/^INPUT/);
    expect(await field().evaluate((it) => it.matches(":focus-visible"))).toBe(true);
    // nothing behind the dialog can be reached
    const seen = new Set<string>();
    for (let steps = 0; steps < 8; steps += 1) {
      await keyboard.press("Tab");
      seen.add(await focus());
    }
    expect([...seen].filter((each) => !/^(BODY|INPUT|BUTTON (verify|email|Cancel|resend))/.test(each))).toEqual([]);
    expect(seen).toContain("BUTTON Cancel");
    await keyboard.press("Escape");
    await ada.page.getByText("The vault stays closed.").waitFor();
    expect(await dialog().count()).toBe(0);
    expect(await focus()).toBe("BUTTON Open the vault");

    await keyboard.press("Enter");
    await field().waitFor();
    expect(await bank.messages(), "the first challenge was canceled").toHaveLength(2);
    await dialog().getByRole("button", { name: "Cancel" }).press("Enter");
    await expect.poll(() => dialog().count()).toBe(0);
    expect(await focus()).toBe("BUTTON Open the vault");

    await keyboard.press("Enter");
    await field().waitFor();
    await keyboard.type(await bank.code());
    await keyboard.press("Tab");
    await keyboard.press("Space");
    await ada.page.getByText("The vault is open.").waitFor();
  });

  it("tells browsers and phones what is to be typed", async () => {
    await atTheApp(PHONE);
    await askForTheVault();
    expect(await field().getAttribute("autocomplete")).toBe("one-time-code");
    expect(await field().getAttribute("inputmode")).toBe("numeric");
    expect(await field().getAttribute("dir")).toBe("ltr");
  });

  describe("reads the code out of the message where the browser can", () => {
    // a stub: without a telephone, no message comes to a real one
    beforeEach(async () => {
      await atTheApp(PHONE);
      await visitor.page.evaluate(`(() => {
        window.OTPCredential ??= class {};
        window.wishes = [];
        navigator.credentials.get = (wish) => {
          window.wishes.push(wish);
          return new Promise((resolve, reject) => {
            window.arrive = (code) => resolve({ code });
            wish.signal.addEventListener("abort", () => reject(wish.signal.reason));
          });
        };
      })()`);
    });
    const wishes = (): Promise<unknown> =>
      visitor.page.evaluate("wishes.map(({ otp, signal }) => [otp.transport, signal.aborted])");

    it("and sends it", async () => {
      await askForTheVault();
      expect(await wishes()).toEqual([[["sms"], false]]);
      await visitor.page.evaluate(`arrive("${await bank.code()}")`);
      await visitor.page.getByText("The vault is open.").waitFor();
      expect(await wishes()).toEqual([[["sms"], true]]);
    });

    it("but leaves it to the person where something is approved", async () => {
      await visitor.transfer("1250", "Charles Babbage");
      await field().waitFor();
      await visitor.page.evaluate(`arrive("${await bank.code()}")`);
      await expect.poll(() => field().inputValue()).toBe(await bank.code());
      expect(await dialog().getByRole("definition").allInnerTexts()).toEqual(["€1250.00", "Charles Babbage"]);
      await visitor.inspect("dialog-approval");
      await visitor.page.keyboard.press("Enter");
      await visitor.page.getByText("€1,250.00 went to Charles Babbage.").waitFor();
    });

    it("for text messages alone, and stops when it is closed", async () => {
      await askForTheVault();
      await visitor.press(/^Email/);
      await dialog().getByText("We sent an email").waitFor();
      expect(await wishes()).toEqual([[["sms"], true]]);
      await visitor.press(/^Text message/);
      await dialog().getByText("We sent a text message").waitFor();
      await visitor.press("Cancel");
      await visitor.page.getByText("The vault stays closed.").waitFor();
      expect(await wishes()).toEqual([
        [["sms"], true],
        [["sms"], true],
      ]);
    });
  });

  it("works where the browser cannot", async () => {
    await atTheApp(PHONE);
    await visitor.page.evaluate("delete window.OTPCredential");
    await askForTheVault();
    await answer(await bank.code());
    await visitor.page.getByText("The vault is open.").waitFor();
  });

  it("asks for the code of an authenticator app", async () => {
    const grace = await atTheApp(DESKTOP, "grace", "hopper");
    await askForTheVault();
    await dialog().getByText("authenticator app").waitFor();
    await grace.inspect("dialog-authenticator");
    expect(await dialog().getByRole("button", { name: /^Send/ }).count()).toBe(0);
    await answer(generateSync({ secret: SECRET, epoch: Math.floor(bank.now() / 1000) }));
    await grace.page.getByText("The vault is open.").waitFor();
    expect(await bank.messages()).toEqual([]);
  });

  it("asks once for what is asked for twice", async () => {
    const ada = await atTheApp();
    await ada.page.evaluate(`(async () => {
      const { with2fa } = await import("/app/require2fa/index.js");
      const fetch2fa = with2fa(fetch);
      window.both = Promise.all([fetch2fa("/api/vault"), fetch2fa("/vault")]).then((all) => all.map(({ status }) => status));
    })()`);
    await field().waitFor();
    expect(await dialog().count()).toBe(1);
    await answer(await bank.code());
    expect(await ada.page.evaluate("both")).toEqual([200, 200]);
    expect(await bank.messages()).toHaveLength(1);
  });

  it("goes when the caller gives up", async () => {
    const ada = await atTheApp();
    await ada.page.evaluate(`(async () => {
      const { with2fa } = await import("/app/require2fa/index.js");
      window.control = new AbortController();
      window.asked = with2fa(fetch)("/api/vault", { signal: control.signal }).then(() => "answered", ({ name }) => name);
    })()`);
    await field().waitFor();
    await ada.page.evaluate("control.abort()");
    expect(await ada.page.evaluate("asked")).toBe("AbortError");
    await expect.poll(() => dialog().count()).toBe(0);
  });

  it("a second click while a code is checked does not spend it twice", async () => {
    const ada = await atTheApp();
    await askForTheVault();
    await field().fill(await bank.code());
    await dialog().getByRole("button", { name: "Confirm" }).dblclick();
    await ada.page.getByText("The vault is open.").waitFor();
    expect(await told()).toBe("The vault is open.");
  });

  it("works for an API on another origin", async () => {
    const ada = await atTheApp({ ...DESKTOP, bypassCSP: true });
    const shop = fixture({ origin: bank.origin });
    shop.app.post("/order", require2fa(), shop.handler);
    const api = express();
    api.use((req, res, next) => {
      res.set({
        "Access-Control-Allow-Origin": bank.origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
      });
      if (req.method === "OPTIONS") res.status(204).end();
      else next();
    });
    const server = createServer(api.use(shop.app));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const elsewhere = `http://localhost:${(server.address() as AddressInfo).port}`;
    await ada.page.evaluate(`(async () => {
      const { with2fa } = await import("/app/require2fa/index.js");
      const init = { method: "POST", credentials: "include" };
      const headers = { "Content-Type": "application/json" };
      await fetch("${elsewhere}/login", { ...init, headers, body: '{"user":"ada"}' });
      window.asked = with2fa(fetch, { path: "${elsewhere}/2fa" })("${elsewhere}/order", init).then((it) => it.json());
    })()`);
    await field().waitFor();
    await answer(shop.code());
    expect(await ada.page.evaluate("asked")).toEqual({ ok: true, methods: ["sms"] });
    expect(shop.counters.handlerHits).toBe(1);
    server.closeAllConnections();
    server.close();
  });

  it.each(["ar"] as const)("speaks %s", async (locale) => {
    const ada = await atTheApp(PHONE);
    await ada.page.evaluate(`(async () => {
      const { with2fa } = await import("/app/require2fa/index.js");
      void with2fa(fetch, { texts: { ${locale}: ${JSON.stringify(TEXTS[locale])} }, locale: "${locale}-XX" })("/vault");
    })()`);
    await field().waitFor();
    await answer("12345");
    await dialog().getByText(TEXTS[locale].problem.invalid_request[0]).waitFor();
    expect(await dialog().evaluate((it) => [it.getAttribute("lang"), getComputedStyle(it).direction])).toEqual([
      locale,
      locale === "ar" ? "rtl" : "ltr",
    ]);
    await ada.inspect(`dialog-${locale}`);
    await ada.page.keyboard.press("Escape");
    await expect.poll(() => dialog().count()).toBe(0);
  });
});
