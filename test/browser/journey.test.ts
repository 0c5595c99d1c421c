import path from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../helpers/project-copy.js";
import { DESKTOP, PHONE } from "./bank.js";
import { bank, enter, inChromium } from "./stage.js";

inChromium("the example app", () => {
  describe.each([
    ["desktop", DESKTOP],
    ["phone", PHONE],
  ])("on a %s", (_size, options) => {
    it("opens the vault with a code that is read in the outbox", async () => {
      const ada = await enter(options);
      await ada.inspect("login");
      await ada.logIn("ada", "babbage");
      expect(await ada.alert.textContent()).toBe("Wrong username or password.");
      await ada.inspect("login-refused");
      await ada.logIn();
      await ada.arrivesAt("/");
      await ada.inspect("home");

      const [outbox] = await Promise.all([
        ada.page.context().waitForEvent("page"),
        ada.page.getByRole("link", { name: /^outbox/ }).click(),
      ]);
      await outbox.getByText("No message yet.").waitFor();
      await ada.inspect("outbox-empty", outbox);

      await ada.page.getByRole("link", { name: "Open the vault" }).click();
      await ada.arrivesAt("/2fa");
      expect(await ada.page.locator("main").innerText()).toContain("+46•••••••56");
      await ada.inspect("challenge");
      // as on a phone, nobody has to ask for it
      const code = await outbox.locator(".bubble strong").first().innerText();
      await ada.inspect("outbox", outbox);

      await ada.answer(code);
      await ada.arrivesAt("/vault");
      expect(await ada.page.locator("main").innerText()).toContain("Confirmed by text message, until");
      await ada.inspect("vault");

      await ada.page.reload();
      await ada.page.getByRole("heading", { name: "Your vault" }).waitFor();
      bank.tick(15 * 60_000 + 1);
      await ada.page.reload();
      await ada.arrivesAt("/2fa");
      expect(await bank.messages()).toHaveLength(2);
    });

    it("makes an approved transfer once, and asks for the next one anew", async () => {
      const ada = await enter(options);
      await ada.logIn();
      await ada.transfer("1250", "Charles Babbage");
      await ada.arrivesAt("/2fa");
      const approving = ada.page.getByRole("region", { name: "You are approving" });
      expect((await approving.innerText()).replace(/\s+/g, " ")).toBe(
        "You are approving Transfer Amount €1250.00 Payee Charles Babbage",
      );
      const [message] = await bank.messages();
      expect(message?.text).toContain("It approves: transfer, amount: €1250.00, payee: Charles Babbage.");
      await ada.inspect("approval");
      await ada.page.reload();
      expect(await bank.messages()).toHaveLength(1);

      await ada.answer(await bank.code());
      await ada.arrivesAt("/?done=1");
      expect(await ada.page.getByRole("status").innerText()).toBe("€1,250.00 went to Charles Babbage.");
      expect(await ada.transfers()).toEqual(["Charles Babbage −€1,250.00"]);
      await ada.inspect("home-after-transfer");

      await ada.page.reload();
      await ada.page.goBack();
      await ada.page.waitForTimeout(300);
      await ada.page.goForward().catch(() => undefined);
      await ada.page.goto(bank.origin);
      expect(await ada.transfers()).toEqual(["Charles Babbage −€1,250.00"]);
      expect(await bank.messages()).toHaveLength(1);

      await ada.transfer("1300", "Charles Babbage");
      await ada.arrivesAt("/2fa");
      expect(await bank.messages()).toHaveLength(2);
      expect(await ada.transfers()).toEqual([]);
      await ada.page.goto(bank.origin);
      expect(await ada.transfers()).toHaveLength(1);
    });
  });

  it("works without JavaScript", async () => {
    const ada = await enter({ ...PHONE, javaScriptEnabled: false });
    await ada.logIn();
    await ada.page.getByRole("link", { name: "Open the vault" }).click();
    await ada.arrivesAt("/2fa");
    bank.tick(30_000);
    await ada.press("Send the code again");
    expect(await ada.page.getByRole("status").innerText()).toBe("The code is on its way again.");
    await ada.answer(await bank.wrongCode());
    expect(await ada.alert.innerText()).toContain("4 attempts left");
    await ada.answer(await bank.code());
    await ada.arrivesAt("/vault");
    await ada.page.getByRole("link", { name: "Back to your account" }).click();

    await ada.transfer("10", `<b>Bob</b> & "Söhne"`);
    await ada.arrivesAt("/2fa");
    await ada.press(/^Email/);
    await ada.arrivesAt("/2fa");
    expect((await bank.messages())[0]).toMatchObject({ channel: "email", to: "ada@example.com" });
    await ada.answer(await bank.code());
    await ada.page.getByRole("heading", { name: "You’re confirmed" }).waitFor();
    await ada.press("Continue");
    await ada.arrivesAt("/?done=1");
    expect(await ada.transfers()).toEqual([`<b>Bob</b> & "Söhne" −€10.00`]);
    await ada.transfer("20", "Bob");
    await ada.press("Cancel");
    await ada.page.getByRole("heading", { name: "Canceled" }).waitFor();
    await ada.page.getByRole("link", { name: "Go back" }).click();
    await ada.arrivesAt("/");
    expect(await ada.transfers()).toHaveLength(1);
    await ada.press("Log out");
    await ada.page.goto(`${bank.origin}/vault`);
    await ada.arrivesAt("/");
  });

  it("waits on the page in between where a script cannot send the form", async () => {
    const ada = await enter(PHONE);
    await ada.page.addInitScript("HTMLFormElement.prototype.submit = () => {}");
    await ada.logIn();
    await ada.transfer("10", "Bob");
    await ada.arrivesAt("/2fa");
    await ada.answer(await bank.code());
    await ada.page.getByRole("heading", { name: "You’re confirmed" }).waitFor();
    await ada.inspect("confirmed");
    await ada.press("Continue");
    await ada.arrivesAt("/?done=1");
    expect(await ada.transfers()).toEqual(["Bob −€10.00"]);
  });

  it("works by keyboard alone", async () => {
    const ada = await enter();
    const { keyboard } = ada.page;
    await ada.tabTo("Username");
    await keyboard.type("ada");
    await ada.tabTo("Password");
    await keyboard.type("lovelace");
    await keyboard.press("Enter");
    await ada.page.getByText("Good to see you").waitFor();
    await ada.tabTo("Open the vault");
    await keyboard.press("Enter");
    await ada.arrivesAt("/2fa");
    await expect.poll(() => ada.codeField.evaluate((it) => it.matches(":focus"))).toBe(true);
    await keyboard.type(await bank.code());
    await ada.tabTo("Confirm");
    await keyboard.press("Space");
    await ada.arrivesAt("/vault");

    await ada.tabTo("Back to your account");
    await keyboard.press("Enter");
    await ada.arrivesAt("/");
    await ada.tabTo("Amount (€)");
    await keyboard.type("12,50");
    await ada.tabTo("Payee");
    await keyboard.type("Bob");
    await keyboard.press("Enter");
    await ada.arrivesAt("/2fa");
    await ada.tabTo("Cancel");
    await keyboard.press("Enter");
    await ada.page.getByRole("heading", { name: "Canceled" }).waitFor();
    await ada.tabTo("Go back");
    await keyboard.press("Enter");
    await ada.arrivesAt("/");
    expect(await ada.transfers()).toEqual([]);
  });

  it.runIf(process.env["UPDATE_SCREENSHOTS"] === "1")("is shown in the README", async () => {
    bank.tick(Date.UTC(2026, 0, 1, 9, 41) - bank.now());
    const ada = await enter({ viewport: { width: 430, height: 890 }, deviceScaleFactor: 2, colorScheme: "light" });
    await ada.logIn();
    await ada.transfer("1250", "Charles Babbage");
    await ada.arrivesAt("/2fa");
    await ada.codeField.fill("481206");
    await ada.page.screenshot({ path: path.join(projectRoot, "example-app/challenge-page.png") });
  });
});
