/**
 * The attacker wants the app's own sender to say what they wish: a name for an action that reads like a warning, a payee
 * that reads like an amount. What a message says comes from the app; what a client put in is fenced, or left out.
 */
import express from "express";
import { describe, expect, it } from "vitest";
import { require2fa } from "../../src/index.js";
import { fixture } from "../helpers/app.js";

describe("words of a client in a message", () => {
  it("are not there when they name an action that no guard asks for", async () => {
    const shop = fixture();
    const agent = await shop.login("ada");
    const action = "Account locked! Call +46 900 123 456 or see evil.example";
    await agent.post("/2fa/challenge").send({ action }).expect(201);
    expect(shop.box.messages[0]?.text).not.toMatch(/locked|evil/);
    expect((await agent.get("/2fa").set("Accept", "text/html")).text).not.toMatch(/evil\.example/);
  });

  it("are there when a guard asks for the action by that name", async () => {
    const shop = fixture();
    require2fa({ action: "close the account" });
    const agent = await shop.login("ada");
    await agent.post("/2fa/challenge").send({ action: "close the account" }).expect(201);
    expect(shop.box.messages[0]?.text).toContain("close the account");
  });

  it("stand in quotes where they could be taken for another field", async () => {
    const shop = fixture();
    shop.app.post("/pay", express.json(), require2fa({ bind: (req) => req.body }), shop.handler);
    const agent = await shop.login("ada");
    await agent.post("/pay").send({ payee: 'Landlord, amount: 10, "ref', amount: 9000 }).expect(401);
    expect(shop.box.messages[0]?.text).toContain(`payee: "Landlord, amount: 10, 'ref", amount: 9000`);
  });
});
