import { generateSync } from "otplib";
import { expect, it } from "vitest";
import { PHONE, Visitor } from "./bank.js";
import { bank, enter, inChromium } from "./stage.js";

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

let visitor: Visitor;

async function loggedIn(username = "ada", password = "lovelace"): Promise<Visitor> {
  visitor = await enter(PHONE);
  await visitor.logIn(username, password);
  await visitor.arrivesAt("/");
  return visitor;
}

async function atTheChallenge(username?: string, password?: string): Promise<Visitor> {
  await loggedIn(username, password);
  await visitor.page.goto(`${bank.origin}/vault`);
  await visitor.arrivesAt("/2fa");
  return visitor;
}

function authenticator(): string {
  return generateSync({ secret: SECRET, epoch: Math.floor(bank.now() / 1000) });
}

inChromium("at the challenge", () => {
  it("a wrong code is told with the attempts that are left, until there are none", async () => {
    const ada = await atTheChallenge();
    const wrong = await bank.wrongCode();
    for (const left of ["4 attempts left", "3 attempts left", "2 attempts left", "1 attempt left"]) {
      await ada.answer(wrong);
      await ada.page.getByRole("alert").filter({ hasText: left }).waitFor();
      expect(await ada.alert.innerText()).toContain("Wrong code");
      expect(await ada.codeField.evaluate((input) => input === input.ownerDocument.activeElement)).toBe(true);
      expect(await ada.codeField.getAttribute("aria-invalid")).toBe("true");
    }
    await ada.inspect("wrong-code");
    await ada.answer(wrong);
    await ada.page.getByRole("heading", { name: "Too many wrong codes" }).waitFor();
    await ada.inspect("spent");

    await ada.press("Start again");
    await ada.arrivesAt("/2fa");
    expect(await bank.messages()).toHaveLength(2);
    await ada.answer(await bank.code());
    await ada.arrivesAt("/vault");
  });

  it("the code is sent again after a while, and stays the same", async () => {
    const ada = await atTheChallenge();
    const code = await bank.code();
    const again = ada.page.getByRole("button", { name: /^Send the code again/ });
    expect(await again.innerText()).toMatch(/in 0:(30|2\d)$/);
    expect(await again.isDisabled()).toBe(true);
    bank.tick(28_000);
    await ada.page.reload();
    expect(await again.innerText()).toMatch(/in 0:0[12]$/);
    await expect.poll(() => again.isEnabled(), { timeout: 4_000 }).toBe(true);

    await again.click();
    await ada.arrivesAt("/2fa?sent");
    expect(await ada.page.getByRole("status").innerText()).toBe("The code is on its way again.");
    await ada.inspect("sent-again");
    expect(await bank.messages()).toHaveLength(2);
    expect(await bank.code()).toBe(code);
    await ada.page.reload();
    expect(await bank.messages()).toHaveLength(2);
    await ada.answer(`${code.slice(0, 3)} ${code.slice(3)}`);
    await ada.arrivesAt("/vault");
  });

  it("another method may be used, and the first one again", async () => {
    const ada = await atTheChallenge();
    const bySms = await bank.code();
    await ada.press(/^Email/);
    await ada.page.getByLabel("8-digit code").waitFor();
    expect(await ada.page.locator("main").innerText()).toContain("a••••@example.com");
    expect((await bank.messages())[0]).toMatchObject({ channel: "email", to: "ada@example.com" });
    await ada.inspect("by-email");
    await ada.press(/^Text message/);
    await ada.page.getByLabel("6-digit code").waitFor();
    expect(await bank.messages()).toHaveLength(2);
    await ada.answer(bySms);
    await ada.arrivesAt("/vault");
  });

  it("canceling approves nothing, and one can start again", async () => {
    const ada = await loggedIn();
    await ada.transfer("10", "Bob");
    await ada.arrivesAt("/2fa");
    const code = await bank.code();
    await ada.press("Cancel");
    await ada.page.getByRole("heading", { name: "Canceled" }).waitFor();
    await ada.inspect("canceled");
    await ada.press("Start again");
    await ada.page.getByRole("region", { name: "You are approving" }).waitFor();
    await ada.answer(code);
    await ada.alert.waitFor();
    await ada.answer(await bank.code());
    await ada.arrivesAt("/?done=1");
    expect(await ada.transfers()).toEqual(["Bob −€10.00"]);
  });

  it("what was clicked last is what is asked, whatever else is open", async () => {
    const ada = await atTheChallenge();
    const forTheVault = await bank.code();
    await ada.page.goto(bank.origin);
    await ada.transfer("10", "Bob");
    await ada.arrivesAt("/2fa");
    await ada.page.goto(`${bank.origin}/vault`);
    await ada.arrivesAt("/2fa");
    expect(await ada.page.getByRole("region", { name: "You are approving" }).count()).toBe(0);
    await ada.answer(forTheVault);
    await ada.arrivesAt("/vault");
    await ada.page.goto(bank.origin);
    expect(await ada.transfers()).toEqual([]);
  });

  it("what is canceled is said to be canceled, whatever else is open", async () => {
    const ada = await atTheChallenge();
    await ada.page.goto(bank.origin);
    await ada.transfer("10", "Bob");
    await ada.arrivesAt("/2fa");
    await ada.press("Cancel");
    await ada.page.getByRole("heading", { name: "Canceled" }).waitFor();
  });

  it("a code that came too late is told, and a new one does", async () => {
    const ada = await atTheChallenge();
    bank.tick(5 * 60_000 + 1);
    await ada.answer(await bank.code());
    await ada.page.getByRole("heading", { name: "The code has expired" }).waitFor();
    await ada.inspect("expired");
    await ada.press("Start again");
    await ada.answer(await bank.code());
    await ada.arrivesAt("/vault");
  });

  it("an authenticator app does, once for each of its codes", async () => {
    const grace = await atTheChallenge("grace", "hopper");
    expect(await grace.page.locator("main").innerText()).toContain("authenticator app");
    expect(await bank.messages()).toEqual([]);
    await grace.inspect("authenticator");
    const code = authenticator();
    await grace.answer(code);
    await grace.arrivesAt("/vault");
    expect(await grace.page.locator("main").innerText()).toContain("Confirmed by authenticator app");

    await grace.page.goto(bank.origin);
    await grace.transfer("5", "Bob");
    await grace.arrivesAt("/2fa");
    await grace.answer(code);
    expect(await grace.alert.innerText()).toContain("4 attempts left");
    bank.tick(30_000);
    await grace.answer(authenticator());
    await grace.arrivesAt("/?done=1");
  });

  it("who logs out is out of the vault, and who logs in next is not in it", async () => {
    const ada = await atTheChallenge();
    await ada.answer(await bank.code());
    await ada.arrivesAt("/vault");
    await ada.press("Log out");
    await ada.arrivesAt("/");
    await ada.page.goBack();
    await ada.page.waitForTimeout(200);
    expect(await ada.page.getByText("Note G").count()).toBe(0);
    await ada.page.goto(bank.origin);
    await ada.logIn("grace", "hopper");
    await ada.page.goto(`${bank.origin}/vault`);
    await ada.arrivesAt("/2fa");
  });
});
