import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BankApp, createApp } from "../../example-app/app.js";
import { readSettings } from "../../example-app/settings.js";

let bank: BankApp;

beforeEach(() => {
  bank = createApp({ settings: readSettings({}, () => {}) });
});
afterEach(() => bank.tfa.close());

describe("the example app in one page", () => {
  it("is for those who are logged in", async () => {
    await request(bank.app).get("/app").expect(303).expect("Location", "/");
  });

  it("runs nothing but its own script and what the server has, and builds no markup from text", async () => {
    const ada = request.agent(bank.app);
    await ada.post("/login").send({ username: "ada", password: "lovelace" }).expect(200);
    const { headers, text } = await ada.get("/app").expect(200);
    const policy = headers["content-security-policy"];
    expect(policy).toMatch(
      /default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+' 'self'; connect-src 'self'/,
    );
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(text.match(/<script/g)).toHaveLength(1);
  });

  it("leaves the other pages as strict as they were", async () => {
    const { headers } = await request(bank.app).get("/").expect(200);
    expect(headers["content-security-policy"]).not.toContain("script-src");
  });
});
